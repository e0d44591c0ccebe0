"""Brings a database to the schema that this code knows: numbered files, each applied once, in order.

An engine calls it when it opens. A migration that has been released is never edited; the next number follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from core.errors import SetupError
from core.store.database import Database, Transaction

TABLE = "migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. sql: statements that each end with ";" at the end of a line."""

    number: int
    name: str
    sql: str


def load(engine: str) -> list[Migration]:
    """The migrations of an engine ("sqlite"), by number."""
    folder = files("core.store").joinpath("migrations", engine)
    found = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(
        (Migration(int(file.name[:4]), file.name[5:-4], file.read_text(encoding="utf-8")) for file in found),
        key=lambda migration: migration.number,
    )


async def migrate(db: Database, migrations: Sequence[Migration], *, where: str, now: Callable[[], float]) -> None:
    """Apply what is missing, one transaction a file, so that a crash leaves a schema that some version knows.

    where: how an error names the database. Raises SetupError for a database that a newer version wrote.
    """

    async def version(tx: Transaction) -> int:
        await tx.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} "
            "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied DOUBLE PRECISION NOT NULL)"
        )
        rows = await tx.fetch(f"SELECT COALESCE(MAX(number), 0) AS newest FROM {TABLE}")
        return int(rows[0]["newest"])

    found, known = await db.write(version), migrations[-1].number
    if found > known:
        raise SetupError(
            f"DATABASE_URL (or DATA_DIR): {where} was written by a newer Chinwag (schema {found}, this one knows "
            f"{known}): update Chinwag, or name another file"
        )
    for migration in migrations:
        if migration.number > found:
            await _apply(db, migration, now())


async def _apply(db: Database, migration: Migration, now: float) -> None:
    async def work(tx: Transaction) -> None:
        if await tx.fetch(f"SELECT 1 FROM {TABLE} WHERE number = :number", number=migration.number):
            return  # another process was faster
        for statement in _statements(migration.sql):
            await tx.execute(statement)
        await tx.execute(
            f"INSERT INTO {TABLE} (number, name, applied) VALUES (:number, :name, :applied)",
            number=migration.number,
            name=migration.name,
            applied=now,
        )

    await db.write(work)


def _statements(sql: str) -> Iterator[str]:
    lines: list[str] = []
    for line in sql.splitlines():
        lines.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(lines)
            lines = []
