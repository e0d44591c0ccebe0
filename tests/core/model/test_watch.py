"""The watch on silence: it ends a wait that is too long, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.model.watch import Watch
from tests.virtual import run


async def wait(watch: Watch, seconds: float, limit: float) -> None:
    watch.begin(limit)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        watch.check()
        raise
    watch.pause()


def watched(story: Callable[[Watch], Awaitable[None]], limit: float = 10) -> float:
    """Run a story under a watch, in virtual time; how long it took."""

    async def whole() -> float:
        watch = Watch(limit)
        try:
            await story(watch)
        finally:
            watch.close()
        return asyncio.get_running_loop().time()

    return float(run(whole()))


def test_a_wait_that_is_too_long_is_ended_in_time() -> None:
    async def story(watch: Watch) -> None:
        await asyncio.sleep(7)
        with pytest.raises(TimeoutError, match="silent for 10 s"):
            await wait(watch, 99, 10)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    assert watched(story) == pytest.approx(17)


def test_many_short_waits_and_long_pauses_are_fine() -> None:
    async def story(watch: Watch) -> None:
        for _ in range(20):
            await wait(watch, 9.9, 10)
            await asyncio.sleep(30)

    assert watched(story) == pytest.approx(20 * 39.9)


@pytest.mark.parametrize("limit", [1, 100])
def test_the_limit_may_change(limit: float) -> None:
    async def story(watch: Watch) -> None:
        await wait(watch, 5, 10)
        with pytest.raises(TimeoutError, match=f"silent for {limit} s"):
            await wait(watch, 999, limit)

    assert watched(story) == pytest.approx(5 + limit)


@pytest.mark.parametrize("after", [3, 10])
def test_a_cancellation_from_outside_stays_one(after: float) -> None:
    async def story(watch: Watch) -> None:
        waiting = asyncio.create_task(wait(watch, 99, 10))
        asyncio.get_running_loop().call_later(after, waiting.cancel)  # also at the very moment that the watch ends it
        with pytest.raises(asyncio.CancelledError):
            await waiting

    assert watched(story) == pytest.approx(after)


def test_a_closed_watch_ends_nothing() -> None:
    async def story(watch: Watch) -> None:
        watch.close()
        await wait(watch, 99, 10)

    assert watched(story) == pytest.approx(99)
