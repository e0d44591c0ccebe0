"""The seam between the repositories of this package and a database engine. Only repositories call it.

SQL is what SQLite and PostgreSQL both speak (ON CONFLICT, RETURNING) with parameters written `:name`; an
engine turns them into its own form. Booleans travel as 0 and 1, times as unix seconds, JSON as text.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Value = str | int | float | None
Record = dict[str, Any]


class Transaction(Protocol):
    """What a unit of work may do. It lives as long as the closure that was given it, and no longer."""

    async def fetch(self, sql: str, /, **params: Value) -> list[Record]:
        """Run a statement and return its rows: SELECT, or anything with RETURNING."""
        ...

    async def execute(self, sql: str, /, **params: Value) -> int:
        """Run a statement and return how many rows it changed."""
        ...


Work = Callable[[Transaction], Awaitable[T]]


class Database(Protocol):
    """One open database, migrated."""

    async def read(self, sql: str, /, **params: Value) -> list[Record]:
        """Run one SELECT. It sees everything whose `write` has returned."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; when this returns, what it did survives a power cut.

        An error in `work` undoes all of it and is raised here. `work` must await nothing but its transaction,
        and may be run again or not at all (when its caller is cancelled first), so it must have no other effect.
        """
        ...

    async def close(self) -> None:
        """Finish what was queued, then let go of the database. Twice is harmless."""
        ...
