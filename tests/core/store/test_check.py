"""`check` finds each fault that it knows, names it, and says what to do; and finds none where there is none."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.store import Store
from core.store.check import ORPHANS, RESTORE, Finding, check
from tests.core.store.conftest import ADDRESS, KEY, LANE, Place, answered, incoming, taken
from tests.core.store.test_migrate import oldest


async def busy(place: Place) -> Store:
    """A database in full use: finished turns, one under work, one that waits."""
    store = await place.open()
    session = await store.sessions.current(KEY)
    await answered(store, session.id, "What was that?")
    row, lease = await taken(store, "And now?")
    await store.turns.open(row.id, lease, session.id, "Bo", "And now?")
    await store.deliveries.open(row.id, lease, ADDRESS)
    await store.deliveries.posted(row.id, lease, 0, "m1")
    await store.inbox.accept(incoming("And then?"), LANE)
    return store


def faults(path: Path) -> list[Finding]:
    return [finding for finding in check(path) if finding.cure]


def spoil(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            assert db.execute(statement).rowcount != 0, statement


async def test_a_database_in_use_is_well(place: Place) -> None:
    await busy(place)
    findings = list(check(place.path))
    assert not [finding for finding in findings if finding.cure]
    assert findings[-1].text == "1 conversations, 2 turns, 2 messages not answered yet"
    assert len(findings) == len(ORPHANS) + 7


SPOILED = {
    "open turns that no waiting": "UPDATE inbox SET state = 'done' WHERE id = 2",
    "finished turns whose message still waits": "UPDATE turns SET state = 'done' WHERE seq = 2",
    "deliveries without a message": "DELETE FROM inbox WHERE id = 2",
    "open deliveries of messages that are done": "UPDATE inbox SET state = 'done' WHERE id = 2",
    "without a lease": "DELETE FROM leases",
    "current conversations of another chat": "UPDATE current_sessions SET key = 'telegram:7:6::'",
    "count fewer turns": "UPDATE sessions SET turns = 1",
    "waiting messages that cannot be read": "UPDATE inbox SET incoming = '{}' WHERE id = 3",
    "conversations without a place": "UPDATE sessions SET key = 'nowhere'",
    "refer to nothing": "DELETE FROM deliveries",
}


@pytest.mark.parametrize("fault", SPOILED)
async def test_each_fault_is_found_and_named(place: Place, fault: str) -> None:
    await busy(place)
    await place.close()
    spoil(place.path, SPOILED[fault])
    (found,) = [finding for finding in faults(place.path) if fault in finding.text]
    assert found.cure
    assert ": " in found.text


def test_every_kind_of_orphan_is_tried() -> None:
    for orphans in ORPHANS:
        assert any(fault in orphans.what for fault in SPOILED), orphans.what


async def test_damage_says_to_restore_and_looks_no_further(place: Place) -> None:
    await busy(place)
    await place.close()
    content = bytearray(place.path.read_bytes())
    content[8192:12288] = os.urandom(4096)
    place.path.write_bytes(content)
    (found,) = faults(place.path)
    assert found.cure == RESTORE


async def test_many_faults_are_counted(place: Place) -> None:
    store = await busy(place)
    for _ in range(8):
        await store.inbox.accept(incoming(), LANE)
    await place.close()
    spoil(place.path, "UPDATE inbox SET incoming = 'x' WHERE state = 'waiting'")
    (found,) = [finding for finding in faults(place.path) if "cannot be read" in finding.text]
    assert found.text.endswith("and 5 more")


def test_an_old_database_and_one_of_a_newer_version(place: Place) -> None:
    oldest(place.path)
    assert "this Chinwag brings it to" in next(check(place.path)).text
    assert not faults(place.path)
    spoil(place.path, "INSERT INTO migrations VALUES (9000, 'future', 1.0)")
    (found,) = faults(place.path)
    assert "schema 9000" in found.text
    assert "newer" in found.cure


def test_what_is_no_database_of_ours(tmp_path: Path) -> None:
    assert "is not there" in faults(tmp_path / "x.db")[0].text
    (tmp_path / "x.db").write_text("Dear diary, " * 100)
    assert "is not an SQLite database" in faults(tmp_path / "x.db")[0].text
    spoil(tmp_path / "y.db", "CREATE TABLE sessions (id)")
    assert "another program's database" in faults(tmp_path / "y.db")[0].text
    (tmp_path / "z.db").touch()
    assert "an empty database" in faults(tmp_path / "z.db")[0].text
    assert (tmp_path / "z.db").read_bytes() == b""
