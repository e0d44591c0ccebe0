"""Where answers are kept for a while: LangChain's cache back ends, with an expiry. `core.model.cache` asks them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.observe.log import get_logger

if TYPE_CHECKING:
    from langchain_community.cache import AsyncRedisCache, SQLiteCache

log = get_logger(__name__)

WITHIN = 1.0  # seconds that Redis may take: asking the model is always possible


class InFile:
    """LangChain's SQLiteCache, in a file that only this user can read. It knows no expiry of its own.

    The time is cut into periods of `seconds`; an answer is found in the period that it was given in and the next one,
    as long as it is not older than `seconds`, and whatever is older goes when a new period begins.
    """

    def __init__(self, path: Path, seconds: float, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._seconds = seconds
        self._now = now
        self._cache: SQLiteCache | None = None
        self._opening = asyncio.Lock()
        self._swept = 0

    async def get(self, key: str) -> str | None:
        try:
            cache = await self._open()
            for period in (self._period, self._period - 1):
                found = await cache.alookup(key, str(period))
                if found and (found[0].generation_info or {}).get("at", 0) > self._now() - self._seconds:
                    return found[0].text
        except Exception as error:
            log.warning("the cache of answers could not be read", error=repr(error))
        return None

    async def put(self, key: str, text: str) -> None:
        from langchain_core.outputs import Generation

        try:
            cache = await self._open()
            await cache.aupdate(key, str(self._period), [Generation(text=text, generation_info={"at": self._now()})])
            await self._sweep(cache)
        except Exception as error:
            log.warning("an answer could not be cached", error=repr(error))

    async def close(self) -> None:
        if self._cache is not None:
            self._cache.engine.dispose()

    @property
    def _period(self) -> int:
        return int(self._now() // self._seconds)

    async def _open(self) -> SQLiteCache:
        async with self._opening:
            if self._cache is None:
                self._cache = await asyncio.to_thread(_sqlite_cache, self._path)
            return self._cache

    async def _sweep(self, cache: SQLiteCache) -> None:
        if self._swept == self._period:
            return
        self._swept = self._period
        await asyncio.to_thread(_drop_all_but, cache, [str(self._period), str(self._period - 1)])


def _sqlite_cache(path: Path) -> SQLiteCache:
    from langchain_community.cache import SQLiteCache

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return SQLiteCache(str(path))


def _drop_all_but(cache: SQLiteCache, periods: Sequence[str]) -> None:
    from sqlalchemy import delete
    from sqlalchemy.orm import Session

    schema = cache.cache_schema
    with Session(cache.engine) as session, session.begin():
        session.execute(delete(schema).where(schema.llm.not_in(periods)))


class InRedis:
    """LangChain's AsyncRedisCache: shared by several processes, and Redis itself lets answers expire."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._cache: AsyncRedisCache | None = None
        self._opening = asyncio.Lock()

    async def get(self, key: str) -> str | None:
        try:
            async with asyncio.timeout(WITHIN):
                found = await (await self._open()).alookup(key, "chinwag")
        except TimeoutError:
            log.warning("Redis does not answer, the model is asked")
            return None
        return found[0].text if found else None

    async def put(self, key: str, text: str) -> None:
        from langchain_core.outputs import Generation

        try:
            async with asyncio.timeout(WITHIN):
                await (await self._open()).aupdate(key, "chinwag", [Generation(text=text)])
        except TimeoutError:
            log.warning("Redis does not answer, nothing is cached")

    async def close(self) -> None:
        if self._cache is not None:
            await self._cache.redis.aclose()

    async def _open(self) -> AsyncRedisCache:
        async with self._opening:
            if self._cache is None:
                self._cache = await asyncio.to_thread(_redis_cache, self._url, self._seconds)
            return self._cache


def _redis_cache(url: str, seconds: float) -> AsyncRedisCache:
    from langchain_community.cache import AsyncRedisCache
    from redis.asyncio import Redis

    return AsyncRedisCache(Redis.from_url(url), ttl=max(int(seconds), 1))
