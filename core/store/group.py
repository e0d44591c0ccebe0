"""Group commit: everything that waits to be written goes into one SQLite transaction, so one fsync serves all.

Only `core.store.sqlite` uses it. The whole group runs in one visit to the connection's thread: a closure is
driven there from start to end without the event loop, which can therefore neither slow a transaction down
nor, by cancelling its caller, leave one open.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import aiosqlite

from core.errors import StoreError
from core.store.database import Record, T, Value, Work
from core.store.health import Health
from core.store.text import bind

# More at once would not make the disk faster, and the first of a flood would wait for the last.
LARGEST = 256

A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Failed:
    """How a closure ended that raised."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Job:
    """A closure and the future that its caller awaits."""

    work: Work[Any]
    future: asyncio.Future[Any]

    def settle(self, outcome: object) -> None:
        if self.future.done():  # the caller was cancelled meanwhile
            return
        if isinstance(outcome, Failed):
            self.future.set_exception(outcome.error)
        else:
            self.future.set_result(outcome)


class SqliteTransaction:
    """`Transaction` in the connection's own thread: it never suspends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, /, **params: Value) -> list[Record]:
        return [dict(row) for row in self._connection.execute(sql, bind(params)).fetchall()]

    async def execute(self, sql: str, /, **params: Value) -> int:
        return self._connection.execute(sql, bind(params)).rowcount


def commit_all(connection: sqlite3.Connection, works: Sequence[Work[Any]]) -> list[object]:
    """Run the closures in order and commit them together; the outcome of each is its result or `Failed`.

    A closure that raises is undone alone. When SQLite gives up the transaction itself (disk full) all are undone.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_run(connection, work) for work in works]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _run(connection: sqlite3.Connection, work: Work[Any]) -> object:
    connection.execute("SAVEPOINT work")
    outcome: object
    try:
        outcome = _drive(work(SqliteTransaction(connection)))
    except BaseException as error:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO work")
        outcome = Failed(error)
    connection.execute("RELEASE work")
    return outcome


def _drive(awaitable: Any) -> object:
    coroutine = cast("Coroutine[Any, Any, object]", awaitable)
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError("a unit of work may await nothing but its transaction")


class Writer:
    """The one task that writes. `write` queues a closure; the task takes whatever is queued as one group.

    health is told how writes fare; unsaved: what callers get to see of an error.
    """

    def __init__(
        self, connection: aiosqlite.Connection, health: Health, unsaved: Callable[[BaseException], BaseException]
    ) -> None:
        self.commits = 0  # that changed something
        self._connection = connection
        self._health = health
        self._unsaved = unsaved
        self._queue: asyncio.Queue[Job | None] = asyncio.Queue()
        self._closed = False
        self._task = asyncio.create_task(self._serve(), name="store writer")

    async def write(self, work: Work[T]) -> T:
        if self._closed:
            raise RuntimeError("the store is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(Job(work, future))
        return await future

    async def close(self) -> None:
        """Write what is queued, then end."""
        if not self._closed:
            self._closed = True
            self._queue.put_nowait(None)
        await asyncio.wait({self._task})

    async def _serve(self) -> None:
        try:
            while jobs := await self._take():
                if wanted := [job for job in jobs if not job.future.done()]:
                    await self._commit(wanted)
        finally:  # also when the event loop is torn down: nobody may wait for ever
            self._closed = True
            while not self._queue.empty():
                if job := self._queue.get_nowait():
                    job.future.cancel()

    async def _take(self) -> list[Job]:
        """Whatever waits now, at least one; nothing once the store is to close."""
        jobs: list[Job] = []
        while not jobs or (len(jobs) < LARGEST and not self._queue.empty()):
            job = await self._queue.get()
            if job is None:
                self._queue.put_nowait(None)  # found again when this group is committed
                break
            jobs.append(job)
        return jobs

    async def _commit(self, jobs: list[Job]) -> None:
        """Never raises for what a closure or the disk did: every caller gets its own outcome."""
        outcomes: Sequence[object]
        try:
            changed, outcomes = await in_thread(self._connection, _counted, [job.work for job in jobs])
            outcomes = [self._seen(outcome) for outcome in outcomes]
            self._well(changed, outcomes)
        except Exception as error:
            outcomes = [Failed(self._ill(error))] * len(jobs)
        except asyncio.CancelledError:
            for job in jobs:
                job.future.cancel()
            raise
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.settle(outcome)

    def _seen(self, outcome: object) -> object:
        return Failed(self._ill(outcome.error)) if isinstance(outcome, Failed) else outcome

    def _well(self, changed: int, outcomes: Sequence[object]) -> None:
        refused = any(isinstance(outcome, Failed) and isinstance(outcome.error, StoreError) for outcome in outcomes)
        self.commits += 1 if changed else 0
        if changed and not refused:
            self._health.works()

    def _ill(self, error: BaseException) -> BaseException:
        explained = self._unsaved(error)
        if isinstance(explained, StoreError):
            self._health.fails(str(explained))
        return explained


def _counted(connection: sqlite3.Connection, works: Sequence[Work[Any]]) -> tuple[int, list[object]]:
    before = connection.total_changes
    outcomes = commit_all(connection, works)
    return connection.total_changes - before, outcomes


async def in_thread(connection: aiosqlite.Connection, function: Callable[[sqlite3.Connection, A], R], argument: A) -> R:
    """Run a function in the connection's thread, for which aiosqlite has no public name.

    A visit to the thread for each statement would cost 35 us, and 1.2 ms when the event loop is busy.
    """
    execute: Callable[..., Awaitable[R]] = connection._execute
    return await execute(function, connection._conn, argument)
