"""The partial text of one answer as it is kept for a restart. `core.live.delivery` asks when, and writes through it."""

from __future__ import annotations

from core.live.journal import Journal
from core.live.tasks import loop_time
from core.live.times import Times

# Characters, over time: each saving writes the whole text, so a long one is saved more seldom, and the disk's work
# grows with the time and not with its square. A crash costs up to two seconds of
# text, and one more for each 50,000 characters.
PER_SECOND = 50_000


class Saving:
    """text: what is kept; at first what an earlier process kept."""

    def __init__(self, journal: Journal, times: Times, text: str) -> None:
        self.text = text
        self._journal = journal
        self._times = times
        self._next = 0.0

    @property
    def due(self) -> bool:
        """Whether the text may be saved again."""
        return loop_time() >= self._next

    async def write(self, text: str | None = None) -> None:
        """Keep this text, and when the platform was called since the last time; only what is new of either."""
        if text == self.text:
            text = None
        if text is None and not self._times.unwritten:
            return
        await self._journal.progress(text, self._times.take_calls())
        if text is not None:
            self.text, self._next = text, loop_time() + len(text) / PER_SECOND
