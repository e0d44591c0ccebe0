"""A TOML file that whoever runs the bot may edit while it runs: read again when it changes."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.errors import SetupError
from core.observe.log import get_logger

log = get_logger(__name__)
T = TypeVar("T")


class Watched(Generic[T]):
    """What `make` makes of a file. It raises ValueError, with what is wrong, for what it cannot use.

    Without a file it is given an empty table. A file that cannot be used raises SetupError at the start; later the log
    tells, and what was read before stays.
    """

    def __init__(self, path: Path, make: Callable[[Mapping[str, Any]], T]) -> None:
        self._path = path
        self._make = make
        self._seen = self._stamp()
        self._value = self._read()

    @property
    def value(self) -> T:
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._value = self._read()
                log.info("read again", file=self._path.name)
            except SetupError as error:
                log.error("a file cannot be used, what it said before still counts", error=str(error))
        return self._value

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _read(self) -> T:
        if self._seen is None:
            return self._make({})
        try:
            return self._make(tomllib.loads(self._path.read_text("utf-8"), parse_float=Decimal))
        except (ValueError, OSError) as error:  # TOML and UTF-8 errors are ValueErrors
            raise SetupError(f"{self._path}: {error}") from None


def amount(value: object, name: str) -> Decimal:
    """A sum of money in a file. Raises ValueError, naming it."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        found = Decimal(value)
        if found.is_finite() and 0 <= found < 10**9:
            return found
    raise ValueError(f"{name} must be an amount in dollars, such as 2.50, not {value!r}")
