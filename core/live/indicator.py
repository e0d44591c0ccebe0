"""The platform's own "is typing", as long as nothing of an answer is on screen. `Delivery` runs it."""

from __future__ import annotations

import asyncio

from core.errors import PlatformError
from core.live.budget import Budgets
from core.live.screen import Screen
from core.observe.log import get_logger

log = get_logger(__name__)


async def indicate(screen: Screen, budgets: Budgets, every: float) -> None:
    """Show that an answer is coming, again every so many seconds, until its first text is on screen."""
    while all(page.inherited and page.shown is None for page in screen.pages):
        try:
            if not budgets.of(screen.surface.limits).gated:
                await screen.surface.typing()
        except PlatformError as error:
            log.debug("typing was not shown", error=repr(error))
        await asyncio.sleep(every)
