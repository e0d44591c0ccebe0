"""kill -9 at any instant: whatever was reported as committed is there afterwards."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from core.store import Store
from tests.core.store.conftest import Place

ROOT = Path(__file__).parents[3]


async def run_and_kill(url: str, lines: int) -> list[list[str]]:
    """Everything that the process had printed when it was killed, after at least so many lines."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.core.store.accepting", url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        printed = [await asyncio.wait_for(process.stdout.readline(), 30) for _ in range(lines)]
    finally:
        process.send_signal(signal.SIGKILL)
    printed += (await process.stdout.read()).splitlines(keepends=True)
    assert await process.wait() == -signal.SIGKILL
    return [line.decode().split() for line in printed if line.endswith(b"\n")]


@pytest.mark.parametrize("lines", [1, 37, 400])
async def test_what_was_reported_is_there(place: Place, lines: int) -> None:
    printed = await run_and_kill(place.url, lines)
    accepted = {int(id): event for word, id, *event in printed if word == "accepted"}
    done = {int(id) for word, id, *_ in printed if word == "done"}
    assert accepted
    store = await place.open()
    rows = {row["id"]: row for row in await store.db.read("SELECT id, event, state FROM inbox")}
    for id, (event,) in accepted.items():
        assert rows[id]["event"] == event
    for id in done:
        assert rows[id]["state"] == "done"
    assert await store.db.read("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert await everything_waiting(store) == [row["id"] for row in rows.values() if row["state"] == "waiting"]


async def everything_waiting(store: Store) -> list[int]:
    """The rows that drains would serve now, in the order of their ids."""
    served = []
    for lane in await store.inbox.waiting():
        lease = await store.leases.acquire(lane)
        while row := await store.inbox.next(lease):
            assert row.incoming.text == f"text {row.incoming.event}"
            assert await store.inbox.done(row.id, lease)
            served.append(row.id)
    return sorted(served)
