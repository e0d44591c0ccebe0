"""Moves what was committed from the -wal file into the database, between commits and in the writer's own thread.

SQLite would do it within every commit that finds 1,000 pages waiting. On a timer it is less at a time. In the
writer's thread nothing can write meanwhile, which keeps clear of the WAL-reset bug of SQLite before 3.51.3
(https://sqlite.org/wal.html#walresetbug).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

EVERY = 1.0  # seconds
IDLE = 30.0  # seconds without a write after which the file is made small again
SMALL = 1 << 20  # bytes that may stay: they are reused by the next writes
EMERGENCY = 16_384  # pages (64 MB): within a commit after all, should the timer not get its turn

Run = Callable[[Callable[[sqlite3.Connection], None]], Awaitable[None]]


def passive(connection: sqlite3.Connection) -> None:
    """As much as open readers allow; waits for nobody."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def truncate(connection: sqlite3.Connection) -> None:
    """All of it, and the file is emptied; does nothing while somebody reads."""
    (before,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout=0").fetchall()
    try:
        with suppress(sqlite3.OperationalError):  # somebody reads: the next second is as good
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout={before}").fetchall()


class Checkpoints:
    """The timer. run: has a function called with the writer's connection, in its thread, between two commits."""

    def __init__(self, path: Path, run: Run, written: Callable[[], int]) -> None:
        self._wal = path.with_name(f"{path.name}-wal")
        self._run = run
        self._written = written
        self._seen = 0
        self._idle = 0.0

    async def serve(self) -> None:
        """For ever. A disk that fails is the writer's to report."""
        while True:
            await asyncio.sleep(EVERY)
            with suppress(sqlite3.Error):  # tried again in a second; commits go on meanwhile, or say why not
                await self.tick(EVERY)

    async def tick(self, passed: float) -> None:
        """One look, `passed` seconds after the last."""
        written = self._written()
        if written != self._seen:
            self._seen, self._idle = written, 0.0
            await self._run(passive)
            return
        self._idle += passed
        if self._idle >= IDLE and size(self._wal) > SMALL:
            self._idle = 0.0
            await self._run(truncate)


def size(path: Path) -> int:
    """Bytes; 0 when there is no such file."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
