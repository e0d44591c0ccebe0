"""Whether a database is whole and its rows belong together. `bots.check` shows what it finds, on backups too.

It reads only, beside whoever runs. Each `Orphans` says what cannot be so, and what follows from it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.store.file import CURES
from core.store.migrate import TABLE, load
from core.types import Incoming, Lane, SessionKey

RESTORE = "stop Chinwag, put a backup in its place (README, Backups), and start again"
SHOWN = 5  # faults of one kind that are shown


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. cure is "" when nothing is wrong."""

    text: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Orphans:
    """sql: finds the rows, one column that names each. harm: what they do, and what to do about it."""

    what: str
    sql: str
    harm: str


HARMLESS = (
    "harmless: nothing will come of them, and nothing else is touched; tell Chinwag's makers, it should not happen"
)
ORPHANS = (
    Orphans(
        "open turns that no waiting message answers",
        "SELECT session || ' ' || seq FROM turns WHERE state = 'open' AND NOT EXISTS "
        "(SELECT 1 FROM inbox WHERE inbox.id = turns.inbox_row AND inbox.state = 'waiting')",
        "they stay unanswered in history: /retry there, or delete the conversation",
    ),
    Orphans(
        "finished turns whose message still waits",
        "SELECT turns.session || ' ' || turns.seq FROM turns JOIN inbox ON inbox.id = turns.inbox_row "
        "WHERE turns.state <> 'open' AND inbox.state = 'waiting'",
        "they will be answered again at the next start",
    ),
    Orphans(
        "deliveries without a message",
        "SELECT inbox_row FROM deliveries WHERE inbox_row NOT IN (SELECT id FROM inbox)",
        HARMLESS,
    ),
    Orphans(
        "open deliveries of messages that are done",
        "SELECT inbox_row FROM deliveries JOIN inbox ON inbox.id = inbox_row "
        "WHERE deliveries.state = 'open' AND inbox.state = 'done'",
        HARMLESS,
    ),
    Orphans(
        "messages under work without a lease",
        "SELECT id FROM inbox WHERE state = 'waiting' AND tries > 0 AND lane NOT IN (SELECT lane FROM leases)",
        "they are answered at the next start",
    ),
    Orphans(
        "current conversations of another chat",
        "SELECT current_sessions.key FROM current_sessions JOIN sessions ON id = session "
        "WHERE current_sessions.key <> sessions.key",
        "a chat goes on in the wrong conversation: send /new there",
    ),
    Orphans(
        "conversations that count fewer turns than they have",
        "SELECT id FROM sessions WHERE turns < (SELECT COALESCE(MAX(seq), 0) FROM turns WHERE turns.session = id)",
        "new questions there fail: send /new there",
    ),
)


def check(path: Path) -> Iterator[Finding]:
    """Look at everything. Blocking; of a large file it reads each page. Damage ends the report."""
    if not path.is_file():
        yield Finding(f"{str(path)!r} is not there", "name a database, or start Chinwag once")
        return
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10.0)
    try:
        db.execute("BEGIN")  # all of it is looked at as of one moment
        yield from _findings(db)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        yield Finding(f"{str(path)!r} {CURES.get(code, f'cannot be read ({error})')}", RESTORE)
    finally:
        db.close()


def _findings(db: sqlite3.Connection) -> Iterator[Finding]:
    schema = _schema(db)
    yield schema
    damage = [row[0] for row in db.execute(f"PRAGMA integrity_check({SHOWN})") if row[0] != "ok"]
    yield _found("pages and indexes are whole", "damaged", damage, RESTORE)
    if damage or schema.cure:
        return
    broken = [f"{table} {row}" for table, row, *_ in db.execute("PRAGMA foreign_key_check")]
    yield _found("every row has what it refers to", "rows that refer to nothing", broken, RESTORE)
    for orphans in ORPHANS:
        found = [str(name) for (name,) in db.execute(orphans.sql)]
        yield _found(f"no {orphans.what}", orphans.what, found, orphans.harm)
    yield from _unreadable(db)
    yield _doubtful(db)
    yield _counted(db)


def _schema(db: sqlite3.Connection) -> Finding:
    known = load("sqlite")[-1].number
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if TABLE not in tables:
        what = "an empty database" if not tables else "another program's database"
        return Finding(what, "name a database of Chinwag" if tables else "start Chinwag once: it fills it")
    (found,) = db.execute(f"SELECT COALESCE(MAX(number), 0) FROM {TABLE}").fetchone()
    if found > known:
        return Finding(f"schema {found}, this Chinwag knows {known}", "check it with the newer Chinwag that wrote it")
    older = f" (this Chinwag brings it to {known} when it starts)" if found < known else ""
    return Finding(f"schema {found}{older}")


def _unreadable(db: sqlite3.Connection) -> Iterator[Finding]:
    """What the code could not make sense of: such a row would fail each time it is taken up."""
    waiting = db.execute("SELECT id, lane, incoming FROM inbox WHERE state = 'waiting'")
    bad = [str(id) for id, lane, incoming in waiting if not _readable(lane, incoming)]
    harm = "each is given up with an apology after a few tries"
    yield _found("every waiting message can be read", "waiting messages that cannot be read", bad, harm)
    keys = [key for (key,) in db.execute("SELECT key FROM sessions") if not _is_key(key)]
    harm = "nobody can reach them any more; their turns can be read with any SQLite tool"
    yield _found("every conversation has its place", "conversations without a place", keys, harm)


def _readable(lane: str, incoming: str) -> bool:
    try:
        Lane.parse(lane)
        Incoming.from_json(json.loads(incoming))
    except (ValueError, KeyError, TypeError):
        return False
    return True


def _is_key(key: str) -> bool:
    try:
        return str(SessionKey.parse(key)) == key
    except ValueError:
        return False


def _doubtful(db: sqlite3.Connection) -> Finding:
    """No fault: a platform did not answer, and what it may have left is looked for."""
    tables = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'doubts'").fetchall()
    (count,) = db.execute("SELECT COUNT(*) FROM doubts").fetchone() if tables else (0,)
    return Finding(
        f"{count:,} posts were never answered: what they may have left is looked for with the next answer there"
        if count
        else "every post was answered, or what it left was looked for"
    )


def _counted(db: sqlite3.Connection) -> Finding:
    sessions, turns, waiting = db.execute(
        "SELECT (SELECT COUNT(*) FROM sessions), (SELECT COUNT(*) FROM turns), "
        "(SELECT COUNT(*) FROM inbox WHERE state = 'waiting')"
    ).fetchone()
    return Finding(f"{sessions:,} conversations, {turns:,} turns, {waiting:,} messages not answered yet")


def _found(well: str, what: str, names: list[str], cure: str) -> Finding:
    if not names:
        return Finding(well)
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return Finding(f"{what}: {', '.join(names[:SHOWN])}{more}", cure)
