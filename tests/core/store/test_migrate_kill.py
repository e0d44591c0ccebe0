"""kill -9 at every statement of every migration: what is there afterwards is one schema or the next, with its rows."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from core.store.check import check
from core.store.migrate import load
from tests.core.store.conftest import KEY, Place
from tests.core.store.test_migrate import oldest

ROOT = Path(__file__).parents[3]
# Opens the database and is killed before its n-th statement that changes anything.
KILLED = """
import asyncio, os, signal, sys
from core.store import Store
from core.store.group import SqliteTransaction
left = int(sys.argv[2])
execute = SqliteTransaction.execute
async def counted(self, sql, /, **params):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return await execute(self, sql, **params)
SqliteTransaction.execute = counted
async def main():
    await (await Store.open(sys.argv[1])).close()
asyncio.run(main())
"""


def schema(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        (number,) = db.execute("SELECT MAX(number) FROM migrations").fetchone()
    return int(number)


async def test_killed_at_each_statement_it_goes_on_where_it_was(place: Place) -> None:
    oldest(place.path)
    original, newest, found = place.path.read_bytes(), load("sqlite")[-1].number, []
    for statement in range(1, 100):
        for file in place.path.parent.iterdir():
            file.unlink()
        place.path.write_bytes(original)
        ended = subprocess.run([sys.executable, "-c", KILLED, place.url, str(statement)], cwd=ROOT, timeout=30)
        found.append(schema(place.path))
        store = await place.open()
        assert schema(place.path) == newest
        (turn,) = await store.turns.all((await store.sessions.current(KEY)).id)
        assert (turn.question, turn.answer) == ("question", "answer")
        assert [at for _, at in await store.deliveries.recent_calls(0)] == [201.0]
        await place.close()
        assert [finding for finding in check(place.path) if finding.cure] == []
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL
    assert found == sorted(found)
    assert set(found) == set(range(1, newest + 1))
