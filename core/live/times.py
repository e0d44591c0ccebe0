"""When things happened in one answer, by the loop's clock. `core.live.delivery` decides by it and writes it down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.live.tasks import loop_time
from core.observe import metrics


@dataclass(slots=True)
class Times:
    """All in seconds; None: not yet. platform: what numbers are told apart by.

    began: the first text came of the answer as it is now. first_shown: the call began that showed it.
    last_start: the newest call began.
    """

    platform: str
    began: float | None = None
    first_shown: float | None = None
    last_start: float = 0.0
    _unseen: float | None = None  # the oldest text came that no call has taken up
    _calls: list[float] = field(default_factory=list)

    def text(self) -> None:
        """Text came from the model."""
        now = loop_time()
        self.began = now if self.began is None else self.began
        self._unseen = now if self._unseen is None else self._unseen

    def called(self) -> None:
        """A call was made that shows no more than the one before."""
        self._calls.append(loop_time())

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around a call, which shows what has come so far."""
        self.last_start = loop_time()
        self._calls.append(self.last_start)
        oldest, self._unseen = self._unseen, None
        try:
            yield
        except BaseException:
            self._unseen = oldest if oldest is not None else self._unseen
            raise
        if oldest is not None:
            metrics.SHOWN_AGE.labels(self.platform).observe(loop_time() - oldest)

    @property
    def waited(self) -> float:
        """Since the first text came."""
        return loop_time() - self.began if self.began is not None else 0.0

    @property
    def unwritten(self) -> bool:
        return bool(self._calls)

    def take_calls(self) -> list[float]:
        """How many seconds ago the calls began that were not asked for yet."""
        calls, self._calls = self._calls, []
        return [loop_time() - call for call in calls]
