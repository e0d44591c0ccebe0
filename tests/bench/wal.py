"""Two hundred live answers writing to one database: how long a commit takes, and how large the -wal file gets.

python -m tests.bench.wal [SECONDS]     checkpoints on the timer against SQLite's own, without and with a long reader
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from core.store import Lease, Store
from core.types import Address, Author, Incoming, Lane, SessionKey

SESSIONS = 200
TEXT = "All that was said so far, which is saved about once a second while it streams. " * 40  # 3 KB
KEEPS = 5.0  # seconds that the long reader keeps its snapshot, with as long a pause after it


@dataclass
class Load:
    """What was seen while the sessions wrote. waits: seconds from asking for a write to knowing that it is durable."""

    waits: list[float] = field(default_factory=list)
    largest: int = 0

    def line(self, name: str, seconds: float) -> str:
        waits = sorted(self.waits)
        p50, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
        figures = f"{len(waits) / seconds:>9.0f}{p50 * 1000:>9.1f}{p99 * 1000:>9.1f}{waits[-1] * 1000:>9.1f}"
        return f"{name:<44}{figures}{self.largest / 2**20:>10.1f}"


async def writing(store: Store, number: int, load: Load, until: float) -> None:
    """One session: questions that are answered in five seconds, saved each second."""
    address = Address("telegram", "1", str(number))
    lane = Lane(SessionKey("telegram", "1", str(number)))
    session = await store.sessions.current(lane.key)
    await asyncio.sleep(number / SESSIONS)
    lease: Lease = await store.leases.acquire(lane)
    count = 0
    while time.monotonic() < until:
        count += 1
        await store.inbox.accept(Incoming(f"{number}.{count}", address, Author("telegram", "2"), "hello"), lane)
        row = await store.inbox.next(lease)
        assert row
        turn = await store.turns.open(row.id, lease, session.id, "Bo", "hello")
        await store.deliveries.open(row.id, lease, address)
        for second in range(1, 6):
            began = time.monotonic()
            await store.deliveries.progress(row.id, lease, TEXT[: 600 * second])
            load.waits.append(time.monotonic() - began)
            await asyncio.sleep(1)
        assert turn
        await store.turns.finish(row.id, lease, turn, answer=TEXT, state="done")


async def watching(path: Path, load: Load) -> None:
    wal = path.with_name(path.name + "-wal")
    while True:
        load.largest = max(load.largest, wal.stat().st_size)
        await asyncio.sleep(0.1)


async def reading(path: Path) -> None:
    """Somebody else, such as a backup, who reads one snapshot for seconds."""
    other = sqlite3.connect(path, isolation_level=None)
    try:
        while True:
            other.execute("BEGIN")
            other.execute("SELECT COUNT(*) FROM turns").fetchall()
            await asyncio.sleep(KEEPS)
            other.execute("COMMIT")
            await asyncio.sleep(KEEPS)
    finally:
        other.close()


async def measured(seconds: float, *, timer: bool, reader: bool) -> Load:
    every, pages = (1.0, 16_384) if timer else (1e9, 1000)
    with tempfile.TemporaryDirectory() as folder, patch("core.store.checkpoint.EVERY", every):
        path, load = Path(folder) / "a.db", Load()
        store = await Store.open(f"sqlite+aiosqlite:///{path}")
        await store.db._writer._connection.execute(f"PRAGMA wal_autocheckpoint={pages}")
        beside = [asyncio.create_task(watching(path, load))]
        beside += [asyncio.create_task(reading(path))] if reader else []
        until = time.monotonic() + seconds
        await asyncio.gather(*(writing(store, number, load, until) for number in range(SESSIONS)))
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await store.close()
    return load


async def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    print(f"{SESSIONS} sessions writing for {seconds:g} s")
    print(f"{'':<44}{'writes/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'wal MB':>10}")
    for reader in (False, True):
        for timer in (True, False, True, False):
            name = ("timer" if timer else "in the commit, 1,000 pages") + (", long reader" if reader else "")
            print((await measured(seconds, timer=timer, reader=reader)).line(name, seconds), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
