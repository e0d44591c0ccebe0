"""Commands that are done when they come: once each, however often the platform brings them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from core.commands.at_once import AtOnce
from core.commands.handlers import Handlers, Request
from core.store import Row
from core.types import Address, Author, Incoming, Lane, SessionKey

ADA = Author("telegram", "7", "Ada")
HERE = Address("telegram", "1", "7")
LANE = Lane(SessionKey("telegram", "1", "7"))
HELP = Incoming("event", HERE, ADA, "/help")
ROW = Row(5, LANE.beside, HELP, 1, 0.0)


class Counting:
    """Handlers that count. slow: they wait for this before they answer."""

    def __init__(self) -> None:
        self.runs = 0
        self.slow = asyncio.Event()
        self.slow.set()

    async def run(self, request: Request) -> str:
        self.runs += 1
        await self.slow.wait()
        return f"run {self.runs}"


@pytest.fixture
async def counting() -> Counting:
    return Counting()


@pytest.fixture
def at_once(counting: Counting) -> AtOnce:
    return AtOnce(cast(Handlers, counting))


def taking(row: int | None) -> Callable[[], Awaitable[int | None]]:
    async def accept() -> int | None:
        await asyncio.sleep(0)
        return row

    return accept


async def test_a_command_is_done_when_it_comes_and_answered_later(at_once: AtOnce, counting: Counting) -> None:
    assert await at_once.act(HELP, LANE, taking(5)) == 5
    assert await at_once.answer(ROW) == "run 1"
    assert counting.runs == 1


async def test_one_that_comes_again_while_it_is_done_is_not_done_again(at_once: AtOnce, counting: Counting) -> None:
    counting.slow.clear()
    first = asyncio.create_task(at_once.act(HELP, LANE, taking(5)))
    await asyncio.sleep(0.01)
    assert await at_once.act(HELP, LANE, taking(None)) is None
    answer = asyncio.create_task(at_once.answer(ROW))
    counting.slow.set()
    assert (await first, await answer) == (5, "run 1")
    assert counting.runs == 1


async def test_one_that_a_killed_process_left_is_answered_though_it_comes_again(
    at_once: AtOnce, counting: Counting
) -> None:
    again = asyncio.create_task(at_once.act(HELP, LANE, taking(None)))
    await asyncio.sleep(0)  # it is in `accept`
    assert await at_once.answer(ROW) == "run 1"
    assert await again is None
    assert counting.runs == 1


async def test_one_whose_taking_was_cancelled_is_done_by_its_lane(at_once: AtOnce, counting: Counting) -> None:
    counting.slow.clear()
    acting = asyncio.create_task(at_once.act(HELP, LANE, taking(5)))
    await asyncio.sleep(0.01)
    answer = asyncio.create_task(at_once.answer(ROW))
    await asyncio.sleep(0)
    acting.cancel()
    await asyncio.sleep(0)
    counting.slow.set()
    assert await answer == "run 2"


async def test_a_lane_that_is_cut_does_not_cancel_what_is_being_done(at_once: AtOnce, counting: Counting) -> None:
    counting.slow.clear()
    acting = asyncio.create_task(at_once.act(HELP, LANE, taking(5)))
    await asyncio.sleep(0.01)
    answer = asyncio.create_task(at_once.answer(ROW))
    await asyncio.sleep(0)
    answer.cancel()
    await asyncio.sleep(0)
    counting.slow.set()
    assert await acting == 5
