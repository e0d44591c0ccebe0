"""discord.py's waiting, taken away: buckets that refuse, and errors in the core's words."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest
from multidict import CIMultiDict

from bots.discord.errors import translated
from bots.discord.rest import Bucket, Rest
from bots.discord.surface import FIRST_RATE
from core.errors import Refused, TooFast, Unknown, Unreachable
from core.surface import Rate
from tests.bots.discord.world import World, out
from tests.platforms.discord import POST_MESSAGE, Limits


class Answer:
    """As much of a response as a bucket reads."""

    def __init__(self, limit: int, remaining: int, after: float) -> None:
        names = {"X-Ratelimit-Limit": limit, "X-Ratelimit-Remaining": remaining, "X-Ratelimit-Reset-After": after}
        self.headers = CIMultiDict({name: str(value) for name, value in names.items()})


def answered(bucket: Bucket, limit: int, remaining: int, after: float) -> None:
    bucket.update(Answer(limit, remaining, after))  # type: ignore[arg-type]


async def test_an_empty_bucket_refuses_and_is_full_again_in_time() -> None:
    bucket = Bucket()
    async with bucket:
        answered(bucket, 2, 1, 0.05)
    async with bucket:
        answered(bucket, 2, 0, 0.04)
    with pytest.raises(discord.RateLimited) as refused:
        await bucket.acquire()
    assert 0 < refused.value.retry_after <= 0.04
    await asyncio.sleep(0.05)
    async with bucket:
        pass


async def test_the_window_is_seen_by_its_first_answer() -> None:
    bucket = Bucket()
    assert bucket.rate is None
    answered(bucket, 5, 2, 0.4)  # we came in the middle of a window
    assert bucket.rate == Rate(5, 0.4)
    answered(bucket, 5, 4, 1.0)
    answered(bucket, 5, 3, 0.8)
    assert bucket.rate == Rate(5, 1.0)
    answered(bucket, 10, 9, 0.5)  # Discord changed its mind
    assert bucket.rate == Rate(10, 0.5)


async def test_calls_to_a_new_bucket_wait_for_the_first_answer_only() -> None:
    bucket, order = Bucket(), list[str]()

    async def call(name: str) -> None:
        try:
            async with bucket:
                await asyncio.sleep(0.01)
                answered(bucket, 3, 2 - len(order), 5.0)
                order.append(name)
        except discord.RateLimited:
            order.append(f"not {name}")

    await asyncio.gather(*(call(name) for name in "abcd"))
    assert sorted(order) == ["a", "b", "c", "not d"]


async def test_a_first_call_that_fails_does_not_block_the_others() -> None:
    bucket = Bucket()

    async def fail() -> None:
        async with bucket:
            await asyncio.sleep(0.01)
            raise OSError

    async def succeed() -> str:
        async with bucket:
            return "done"

    results = await asyncio.gather(fail(), succeed(), return_exceptions=True)
    assert isinstance(results[0], OSError)
    assert results[1] == "done"


async def test_a_waiting_call_can_be_cancelled() -> None:
    bucket = Bucket()
    async with bucket:
        waiting = asyncio.create_task(bucket.acquire())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        answered(bucket, 2, 1, 5.0)
    await bucket.acquire()


async def test_routes_without_a_limit(world: World) -> None:
    world.server.limiter.limits = Limits(post=None, edit=None)
    surface = await world.surface()
    ids = await asyncio.gather(*(surface.post(out(surface, str(number))) for number in range(12)))
    for id in ids:
        await surface.edit(id, out(surface, "x"))
    assert surface.limits.rates == (FIRST_RATE,)


async def test_nothing_can_be_called_before_the_log_in() -> None:
    with pytest.raises(Unreachable):
        await Rest().call("GET", "/users/@me")


@pytest.mark.parametrize(
    ("error", "core"),
    [
        (discord.RateLimited(3.5), TooFast),
        (aiohttp.ServerDisconnectedError(), Unknown),
        (aiohttp.ClientOSError(104, "reset"), Unknown),
        (aiohttp.ServerTimeoutError(), Unknown),
        (aiohttp.ConnectionTimeoutError(), Unreachable),
        (ConnectionResetError(), Unknown),
        (TimeoutError(), Unknown),
        (RuntimeError("Session is closed"), Unreachable),
    ],
)
def test_translated(error: Exception, core: type[Exception]) -> None:
    assert type(translated(error)) is core


def test_what_is_no_failure_of_the_platform_is_not_hidden() -> None:
    assert translated(RuntimeError("a bug")) is None
    assert translated(KeyError("another")) is None


async def test_a_refused_connection_was_certainly_not_applied(world: World) -> None:
    surface = await world.surface()
    discord.http.Route.BASE = "http://127.0.0.1:1/api/v10"
    with pytest.raises(Unreachable):
        await surface.post(out(surface, "hello"))


async def test_cloudflare_says_only_how_many_seconds(world: World) -> None:
    surface = await world.surface()
    world.server.fault(POST_MESSAGE, status=429, body="<html>slow down</html>")
    with pytest.raises(TooFast) as raised:
        await surface.post(out(surface, "hello"))
    assert raised.value.retry_after > 0
    world.server.fault(POST_MESSAGE, status=400, body={"code": 50035, "message": "Invalid Form Body"})
    with pytest.raises(Refused):
        await surface.post(out(surface, "hello"))
