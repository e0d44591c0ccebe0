"""For what an answer writes on its way: a disk that is full holds it up, and loses nothing of it.

What a platform hands over is not written like this: it fails at once, is not acknowledged, and comes again.
"""

from __future__ import annotations

import asyncio

from core.errors import StoreError
from core.store.database import Database, Record, T, Value, Work

AGAIN = 1.0  # seconds between two tries


class Patient:
    """A `Database` whose writes wait until they can be made. The closed store ends them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, sql: str, /, **params: Value) -> list[Record]:
        return await self._db.read(sql, **params)

    async def write(self, work: Work[T]) -> T:
        while True:
            try:
                return await self._db.write(work)
            except StoreError:  # said once by `core.store.health`
                await asyncio.sleep(AGAIN)

    async def close(self) -> None:
        await self._db.close()
