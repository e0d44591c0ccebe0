"""A file that an operator edits while Chinwag runs: .env with its keys, models.toml. Read anew when it has changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from core.observe.alerts import Alerts

T = TypeVar("T")

EVERY = 1.0  # seconds between two looks
MISSING = (0, 0)


class Watched(Generic[T]):
    """What `parse` makes of the file's text; "" stands for a file that is not there.

    parse raises ValueError, whose message may not quote a secret: then the last good value stays, and admins are told.
    """

    def __init__(
        self,
        path: Path,
        parse: Callable[[str], T],
        *,
        first: T,
        alerts: Alerts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """first: the value until the file was read well once."""
        self._path, self._parse, self._alerts, self._clock = path, parse, alerts, clock
        self._value = first
        self._seen = (-1, -1)
        self._looked = float("-inf")

    def __call__(self) -> T:
        now = self._clock()
        if now - self._looked >= EVERY:
            self._looked = now
            self._look()
        return self._value

    def _look(self) -> None:
        trouble = f"file {self._path}"
        try:
            mark = self._mark()
            if mark == self._seen:
                return
            self._seen = mark
            self._value = self._parse(self._path.read_text("utf-8") if mark != MISSING else "")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else _told(error)
            self._alerts.tell(trouble, f"{self._path.name} cannot be used: {why}. What it said before still counts.")
        else:
            self._alerts.over(trouble)

    def _mark(self) -> tuple[int, int]:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return MISSING
        return stat.st_mtime_ns, stat.st_size


def _told(error: ValueError) -> str:
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
