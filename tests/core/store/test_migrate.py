"""Migrations: the oldest database with rows in every table is served by today's code."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from core.errors import SetupError
from core.store import Store
from core.store.migrate import Migration, load, migrate
from core.store.sqlite import SqliteDatabase
from core.types import Address, Incoming, Lane, SessionKey
from tests.clock import Clock
from tests.core.store.conftest import AUTHOR, Place

# One row in every table of the first schema, written by hand: it must not change when the code does.
OLDEST_ROWS = """
INSERT INTO inbox VALUES (1,'telegram:7:5:::5:','telegram','7','e1','','done',1,100.5);
INSERT INTO inbox VALUES (2,'telegram:7:5:::5:','telegram','7','e2',
  '{"event":"e2","address":{"platform":"telegram","bot":"7","chat":"5","thread":"","private":true,"space":"",
    "reply_to":"11","token":"","expires":0.0},"author":{"platform":"telegram","id":"5","name":"Bo","language":""},
    "text":"waiting","attachments":[],"sent":99.0,"role":""}','waiting',2,200.5);
INSERT INTO leases VALUES ('telegram:7:5:::5:',41);
INSERT INTO sessions VALUES (1,'s1','telegram:7:5::','telegram','7','5','Title','poet','','de',0,1,100.0,150.0);
INSERT INTO current_sessions VALUES ('telegram:7:5::','s1');
INSERT INTO turns VALUES ('s1',1,1,'Bo','question','answer','done',0,100.0,'qwen',3,4);
INSERT INTO deliveries VALUES (2,
  '{"platform":"telegram","bot":"7","chat":"5","thread":"","private":true,"space":"","reply_to":"11",
    "token":"","expires":0.0}','half','open');
INSERT INTO posts VALUES (2,0,'777',201.0);
INSERT INTO access VALUES ('telegram:5','admin','Bo','',90.0);
INSERT INTO pairings VALUES (1,'ABCDEFGH','telegram:6','Al',9e9);
INSERT INTO logins VALUES
  ('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824','cookie','telegram:5',9e9);
INSERT INTO facts VALUES ('commands','abc');
"""
KEY = SessionKey("telegram", "7", "5")
LANE = Lane(KEY, "5")
ADDRESS = Address("telegram", "7", "5", reply_to="11")


def oldest(path: Path) -> None:
    """A database as the first version left it."""
    path.parent.mkdir(parents=True)
    first = load("sqlite")[0]
    with sqlite3.connect(path) as db:
        db.executescript(first.sql + OLDEST_ROWS)
        db.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied REAL NOT NULL)")
        db.execute("INSERT INTO migrations VALUES (1, 'initial', 50.0)")
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            assert table == "sqlite_sequence" or db.execute(f"SELECT 1 FROM {table}").fetchone(), f"{table} has no row"
    db.close()


@pytest.fixture
async def old(place: Place) -> Store:
    oldest(place.path)
    return await place.open()


async def test_the_schema_is_todays_and_each_file_was_applied_once(old: Store, place: Place) -> None:
    await is_todays(old)
    await is_todays(await place.restart())


async def is_todays(store: Store) -> None:
    applied = await store.db.read("SELECT number, name FROM migrations ORDER BY number")
    assert applied == [{"number": m.number, "name": m.name} for m in load("sqlite")]
    assert await store.db.read("PRAGMA foreign_key_check") == []
    assert await store.db.read("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


async def test_old_and_new_databases_have_the_same_schema(old: Store, tmp_path: Path, clock: Clock) -> None:
    fresh = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/fresh.db", now=clock)
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    assert await old.db.read(tables) == await fresh.db.read(tables)
    for row in await fresh.db.read(tables):
        columns = f"SELECT name, type, pk FROM pragma_table_info('{row['name']}') ORDER BY name"
        if row["name"] != "migrations":
            assert await old.db.read(columns) == await fresh.db.read(columns)
    await fresh.close()


async def test_what_waits_in_the_oldest_database_is_answered(old: Store) -> None:
    assert await old.inbox.waiting() == [LANE]
    assert await old.inbox.accept(Incoming("e1", ADDRESS, AUTHOR), LANE) is None
    lease = await old.leases.acquire(LANE)
    assert lease.epoch > 41
    row = await old.inbox.next(lease)
    assert row is not None
    assert (row.id, row.tries, row.received) == (2, 3, 200.5)
    assert row.incoming == Incoming("e2", ADDRESS, AUTHOR, "waiting", sent=99.0)
    delivery = await old.deliveries.open(2, lease, ADDRESS)
    assert delivery is not None
    assert (delivery.pages, delivery.text, delivery.address) == (("777",), "half", ADDRESS)
    assert await old.deliveries.recent_calls(0) == [(ADDRESS, 201.0)]
    turn = await old.turns.open(2, lease, "s1", "Bo", "waiting")
    assert turn is not None
    assert turn.seq == 2
    assert await old.turns.finish(2, lease, turn, answer="at last", state="done")
    assert [t.answer for t in await old.turns.recent("s1", 9)] == ["answer", "at last"]


async def test_the_rest_of_the_oldest_database_is_served(old: Store) -> None:
    session = await old.sessions.current(KEY)
    assert (session.id, session.title, session.role, session.language) == ("s1", "Title", "poet", "de")
    assert (session.streaming, session.created, session.updated) == (False, 100.0, 150.0)
    (turn,) = await old.turns.all("s1")
    assert (turn.question, turn.answer, turn.model, turn.created) == ("question", "answer", "qwen", 100.0)
    assert await old.access.level("telegram:5") == "admin"
    pairing = await old.access.admit("abcd efgh", by="")
    assert pairing is not None
    assert pairing.subject == "telegram:6"
    assert await old.logins.person("hello") == "telegram:5"
    assert await old.values.get("commands") == "abc"


async def test_a_database_of_a_newer_version_is_refused(place: Place) -> None:
    store = await place.open()
    await store.db.write(lambda tx: tx.execute("INSERT INTO migrations VALUES (9000, 'future', 1.0)"))
    await place.close()
    with pytest.raises(SetupError) as caught:
        await place.open()
    message = str(caught.value)
    assert "\n" not in message
    for part in ("DATABASE_URL", repr(str(place.path)), "newer Chinwag", "9000", "update Chinwag"):
        assert part in message


async def test_a_migration_that_fails_leaves_the_last_schema(place: Place, clock: Clock) -> None:
    """The mechanism, on files of the test's own: one is applied, the next breaks half way, then it is mended."""
    db = await SqliteDatabase.open(place.url, clock)
    newest = load("sqlite")[-1].number
    good = Migration(
        newest + 1, "good", "CREATE TABLE extra (a TEXT);\n-- a comment\nINSERT INTO extra\nVALUES ('1');\n"
    )
    bad = Migration(newest + 2, "bad", "INSERT INTO extra VALUES ('2');\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        await migrate(db, [*load("sqlite"), good, bad], where="here", now=clock)
    assert await db.read("SELECT a FROM extra") == [{"a": "1"}]
    assert await db.read("SELECT MAX(number) AS n FROM migrations") == [{"n": newest + 1}]
    mended = Migration(newest + 2, "mended", "INSERT INTO extra VALUES ('2');\n")
    for _ in range(2):
        await migrate(db, [*load("sqlite"), good, mended], where="here", now=clock)
    assert await db.read("SELECT a FROM extra ORDER BY a") == [{"a": "1"}, {"a": "2"}]
    await db.close()


async def test_two_that_migrate_at_once_apply_each_file_once(place: Place, clock: Clock) -> None:
    # Eight on an empty file: of fewer it is seldom that two make it WAL in the same instant.
    stores = await asyncio.gather(*(place.open() for _ in range(8)))
    for store in stores:
        await is_todays(store)
    newest = load("sqlite")[-1].number
    more = [*load("sqlite"), Migration(newest + 1, "more", "CREATE TABLE extra (a TEXT);\n")]
    await asyncio.gather(*(migrate(store.db, more, where="here", now=clock) for store in stores[:2] * 2))
    assert await stores[3].db.read("SELECT MAX(number) AS n FROM migrations") == [{"n": newest + 1}]


def test_numbers_are_without_gaps() -> None:
    migrations = load("sqlite")
    assert [m.number for m in migrations] == list(range(1, len(migrations) + 1))
    assert migrations[0].name == "initial"
    assert all(m.sql.rstrip().endswith(";") for m in migrations)
