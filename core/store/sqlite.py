"""The embedded database: one file, one connection that writes and two that read, through aiosqlite.

Measured (10 million rows): a single writer with group commit never meets "database is locked" and makes a
commit that survives a power cut (synchronous=FULL) affordable; see `core.store.group`. Readers never
checkpoint, which also keeps clear of the WAL-reset bug of SQLite before 3.51.3.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path

import aiosqlite

from core.store.checkpoint import EMERGENCY, Checkpoints
from core.store.database import Record, T, Value, Work
from core.store.file import explained, path_of, prepare, unsaved, unusable
from core.store.group import Writer, in_thread
from core.store.health import Health
from core.store.migrate import TABLE, load, migrate
from core.store.text import bind

READERS = 2
WRITES = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_size_limit=67108864",  # a burst must not leave a huge -wal file behind
    f"PRAGMA wal_autocheckpoint={EMERGENCY}",  # `core.store.checkpoint` does it on a timer
)
READS = ("PRAGMA query_only=ON", "PRAGMA wal_autocheckpoint=0")
# Another process (a backup, a second Chinwag by mistake) may hold the file for a moment.
BUSY_SECONDS = 10.0


class SqliteDatabase:
    """`Database` on one SQLite file. Open it with `open`; one process at a time."""

    def __init__(self, path: Path, writer: aiosqlite.Connection, readers: list[aiosqlite.Connection]) -> None:
        self._connections = [*readers, writer]  # closed in this order: the writer's close does the last checkpoint
        self._next = itertools.cycle(readers)
        self.health = Health()
        self._writer = Writer(writer, self.health, functools.partial(unsaved, path))
        checkpoints = Checkpoints(
            path,
            lambda act: in_thread(writer, lambda connection, _: act(connection), None),
            lambda: self._writer.commits,
        )
        self._checkpoints = asyncio.create_task(checkpoints.serve(), name="store checkpoints")

    @classmethod
    async def open(cls, url: str, now: Callable[[], float]) -> SqliteDatabase:
        """The file that `url` names, made and migrated. Raises SetupError with the path as given and the cure."""
        path = path_of(url)
        prepare(path)
        try:
            return await _open(path, now)
        except sqlite3.Error as error:
            raise explained(path, error) from None

    async def read(self, sql: str, /, **params: Value) -> list[Record]:
        rows = await next(self._next).execute_fetchall(sql, bind(params))
        return [dict(row) for row in rows]

    async def write(self, work: Work[T]) -> T:
        return await self._writer.write(work)

    async def close(self) -> None:
        self._checkpoints.cancel()
        await asyncio.gather(self._checkpoints, return_exceptions=True)
        await self._writer.close()
        for connection in self._connections:
            await connection.close()


async def _open(path: Path, now: Callable[[], float]) -> SqliteDatabase:
    connections: list[aiosqlite.Connection] = []
    try:
        connections.append(await _connect(path, WRITES))
        await _must_be_ours(connections[0], path)
        for _ in range(READERS):
            connections.append(await _connect(path, READS))
    except BaseException:
        for connection in reversed(connections):
            await connection.close()
        raise
    database = SqliteDatabase(path, connections[0], connections[1:])
    try:
        await migrate(database, load("sqlite"), where=repr(str(path)), now=now)
    except BaseException:
        await database.close()
        raise
    return database


async def _connect(path: Path, pragmas: tuple[str, ...]) -> aiosqlite.Connection:
    connection = aiosqlite.connect(str(path), isolation_level=None, timeout=BUSY_SECONDS)
    connection._thread.daemon = True  # a process that dies of an error must end, though nobody closed its store
    await connection
    try:
        connection.row_factory = sqlite3.Row
        for pragma in pragmas:
            await _patiently(connection, pragma)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _patiently(connection: aiosqlite.Connection, pragma: str) -> None:
    """SQLite does not wait out its own timeout where that could be a deadlock: two that make a new file WAL at once."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + BUSY_SECONDS
    while True:
        try:
            await connection.execute_fetchall(pragma)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or loop.time() > deadline:
                raise
            await asyncio.sleep(0.02)


async def _must_be_ours(connection: aiosqlite.Connection, path: Path) -> None:
    rows = await connection.execute_fetchall("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = {row["name"] for row in rows}
    if names and TABLE not in names:
        raise unusable(path, "is another program's database: name another file")
