"""When a platform does not answer: how long one delivery waits, and when it gives up. `Delivery` asks here.

An edit can be repeated without harm. A post that was perhaps applied may become a copy, unless the platform knows a
nonce again; so while the platform cannot be reached at all, nothing is posted: an outage costs neither the answer nor
copies of it. `core.live.doubts` takes away what copies there are.
"""

from __future__ import annotations

import asyncio

from core.errors import Gone, PlatformError, Refused, TooFast, TooLong, Unknown, Unreachable
from core.live.budget import Budget
from core.live.screen import Screen
from core.observe.log import get_logger
from core.surface import Surface

log = get_logger(__name__)

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds between tries of a call that did not get through
COPIES = 4  # posts that may each have been applied without our learning of it, at most


class Trouble:
    """What has gone wrong with one answer since a call last got through."""

    def __init__(self) -> None:
        self._failures = 0
        self._copies = 0

    def over(self) -> None:
        self._failures = self._copies = 0

    async def wait(self, error: PlatformError) -> None:
        """Before a call is made again that did not get through."""
        wait = BACKOFF[min(self._failures, len(BACKOFF) - 1)]
        self._failures += 1
        log.warning("platform call failed, trying again", error=repr(error), wait=wait, tries=self._failures)
        await asyncio.sleep(wait)

    async def wait_to_post(self, error: Unknown, surface: Surface) -> None:
        """Before a post is made again that may have been applied. Raises Refused when there were too many of them."""
        self._copies += 1
        if surface.copies is None:
            return await self.wait(error)
        if self._copies >= COPIES:
            raise Refused("each try to post may have been applied: more of them would be copies") from error
        await self.wait(error)
        while not await self._answers(surface):
            await self.wait(error)

    async def recover(self, error: PlatformError, number: int, screen: Screen, budget: Budget) -> None:
        """Do what makes the call that showed this page worth another try, or raise what ends the answer."""
        match error:
            case TooFast():
                budget.gate(error.retry_after)
            case TooLong():
                screen.shrink(number)
            case Gone() if number < len(screen.pages):
                screen.lose(number)
            case Unknown() if number >= len(screen.pages):
                await self.wait_to_post(error, screen.surface)
            case Unknown() | Unreachable():
                await self.wait(error)
            case _:
                raise error

    async def _answers(self, surface: Surface) -> bool:
        """Whether the platform can be reached, by a call that does no harm."""
        try:
            await surface.typing()
        except (Unknown, Unreachable):
            return False
        except PlatformError:
            pass
        return True
