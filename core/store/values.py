"""Small facts to keep between runs, such as the hash of the commands that Discord was told."""

from __future__ import annotations

from core.store.database import Database, Transaction


class Values:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, name: str) -> str | None:
        rows = await self._db.read("SELECT value FROM facts WHERE name = :name", name=name)
        return rows[0]["value"] if rows else None

    async def set(self, name: str, value: str) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(
                "INSERT INTO facts (name, value) VALUES (:name, :value) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                name=name,
                value=value,
            )

        await self._db.write(work)
