"""When an update is passed over: one rule for `Poller` and `Webhook`, else a fault of ours blocks a chat for ever."""

from __future__ import annotations

import logging

from bots.telegram.errors import describe
from core.errors import StoreError

TRIES = 6  # before an update is passed over; with the poller's pauses half a minute
KNOWN = 1000  # updates whose failures are counted
log = logging.getLogger(__name__)


class Tries:
    """Counts how often each update has failed. What the store cannot keep is tried for as long as it takes."""

    def __init__(self) -> None:
        self._failures: dict[int, int] = {}

    def failed(self, id: int, error: Exception, *, again: str) -> bool:
        """Whether update `id` is passed over now, after `error`. Says so, or once how it is tried `again`."""
        if isinstance(error, StoreError):  # which the store itself says, and once
            return False
        failures = self._failures.pop(id, 0) + 1
        self._failures[id] = failures  # at the end: the newest
        if len(self._failures) > KNOWN:
            del self._failures[next(iter(self._failures))]  # that has not failed for the longest
        if failures > TRIES:
            log.error("update %s is passed over: it could not be taken (%s)", id, describe(error))
        elif failures == 1:
            log.error("an update could not be taken, %s: %s", again, describe(error))
        return failures > TRIES

    def taken(self, id: int) -> None:
        self._failures.pop(id, None)
