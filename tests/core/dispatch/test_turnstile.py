"""Callers of one key go in as they came; others do not wait; nothing is left behind."""

from __future__ import annotations

import asyncio

from core.dispatch.turnstile import Turnstile
from tests.virtual import run


def test_callers_of_one_key_go_in_as_they_came() -> None:
    order: list[tuple[str, int]] = []
    turnstile = Turnstile()

    async def caller(key: str, number: int) -> None:
        async with turnstile.enter(key):
            await asyncio.sleep(10 - number)  # the later ones are quicker
            order.append((key, number))

    async def scene() -> float:
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(caller("a", number))
            group.create_task(caller("b", 9))
        return asyncio.get_running_loop().time()

    assert run(scene()) == 10 + 9 + 8 + 7 + 6
    assert order == [("b", 9), *(("a", number) for number in range(5))]
    assert turnstile._locks == {}


def test_a_caller_that_fails_or_is_cancelled_lets_the_next_one_in() -> None:
    turnstile = Turnstile()

    async def hold() -> None:
        async with turnstile.enter("a"):
            await asyncio.sleep(100)

    async def scene() -> None:
        first, second = asyncio.create_task(hold()), asyncio.create_task(hold())
        await asyncio.sleep(1)
        second.cancel()
        first.cancel()
        async with turnstile.enter("a"):
            pass

    run(scene())
    assert turnstile._locks == {}
