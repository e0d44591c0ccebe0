"""A file that whoever runs the bot edits while it runs: models.toml, prices.toml, budgets.toml, moderation.txt, .env.

All of them are read again here, so that each behaves alike when it is missing, half-written, unreadable or wrong.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.errors import SetupError
from core.observe.alerts import Alerts
from core.observe.log import get_logger

log = get_logger(__name__)
T = TypeVar("T")

EVERY = 1.0  # seconds between two looks
SETTLED = 1.0  # seconds for which a file has to stay as it is: an editor may be in the middle of writing it

Mark = tuple[int, int, int]
MISSING: Mark = (0, 0, 0)


class Watched(Generic[T]):
    """What `parse` makes of a file's text; "" stands for a file that is not there, unless it is `needed`.

    parse raises ValueError, whose message may not quote a secret. A file that cannot be used raises SetupError at the
    start; later the admins are told once for each time that it was changed, and what it said before still counts.
    """

    def __init__(
        self,
        path: Path,
        parse: Callable[[str], T],
        *,
        alerts: Alerts | None = None,
        needed: bool = False,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._parse, self._needed = path, parse, needed
        self._alerts, self._clock, self._now = alerts or Alerts(), clock, now
        self._seen: Mark | None = self._mark()
        self._changed: tuple[Mark, float] | None = None  # since when it has been another
        self._problem = ""
        self._looked = clock()
        try:
            self._value = self._read(self._seen)
        except (OSError, ValueError) as error:
            raise SetupError(f"{path} cannot be used: {_why(error)}") from None

    def __call__(self) -> T:
        if self._clock() - self._looked >= EVERY:
            self._looked = self._clock()
            self._look()
        return self._value

    def _look(self) -> None:
        try:
            mark = self._mark()
            if mark == self._seen or not self._is_settled(mark):
                return
            self._seen, self._changed = mark, None
            self._value = self._read(mark)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError):
                self._seen = None  # to be allowed to read it changes nothing in the file: look again
            self._tell(_why(error))
        else:
            self._problem = ""
            self._alerts.over(self._trouble)
            log.info("read again", file=self._path.name)

    def _is_settled(self, mark: Mark) -> bool:
        """Whether the file, or the folder that it is missing from, was not touched just now."""
        now = self._clock()
        if self._changed is None or self._changed[0] != mark:
            self._changed = mark, now
        touched = (mark[0] if mark != MISSING else _touched(self._path.parent)) / 1e9
        return abs(self._now() - touched) >= SETTLED or now - self._changed[1] >= SETTLED

    def _read(self, mark: Mark | None) -> T:
        if mark == MISSING and not self._needed:
            return self._parse("")
        return self._parse(self._path.read_text("utf-8-sig"))

    def _mark(self) -> Mark:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return MISSING
        except OSError:  # reading it will tell
            return -1, 0, 0
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _tell(self, why: str) -> None:
        if why == self._problem and self._seen is None:
            return
        self._problem = why
        self._alerts.over(self._trouble)
        told = f"{self._path.name} cannot be used: {why}. What it said before still counts."
        self._alerts.tell(self._trouble, told)

    @property
    def _trouble(self) -> str:
        return f"file {self._path}"


def toml(text: str) -> dict[str, Any]:
    """A TOML text as a table; its numbers with a point are Decimals. Raises ValueError, which says what is wrong."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"it is no TOML: {error}") from None
    except (ArithmeticError, RecursionError):  # 1e99999999999999999999; a thousand brackets
        raise ValueError("it is no TOML: a number or a nesting goes beyond all measure") from None


def _touched(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error).rstrip(".")
