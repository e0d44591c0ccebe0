"""The door between a drain and the turn: who is let in now counts, not who was when the message came."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from core.access import let_in_as
from core.dispatch.door import LOOK, Door
from core.store import Lease, Row
from core.types import Address, Author, Incoming, Lane, SessionKey
from tests.virtual import run

ADA = Author("telegram", "5", "Ada")
PRIVATE = Address("telegram", "7", "5")
GROUP = Address("discord", "7", "50", private=False, space="9")


def row(address: Address = PRIVATE, *, express: bool = False) -> Row:
    lane = Lane(SessionKey.of(address, ADA), express=express)
    return Row(1, lane, Incoming("e", address, ADA, "hello"), 1, 0.0)


class House:
    """let_in: whether the author may talk. answered, dropped, stopped: what the door had done."""

    def __init__(self) -> None:
        self.let_in = True
        self.answered: list[Row] = []
        self.dropped: list[Row] = []
        self.stopped: list[Lane] = []
        self.go_on = asyncio.Event()
        self.door = Door(
            self._allows, self._answer, self._drop, lambda lane: not self.stopped.append(lane), self._outside
        )

    async def handle(self, row: Row) -> bool:
        return await self.door.handle(row, Lease(row.lane, 1), asyncio.Event())

    async def _allows(self, incoming: Incoming) -> bool:
        return self.let_in

    async def _outside(self, messages: Iterable[Incoming]) -> set[str]:
        return set() if self.let_in else {let_in_as(incoming) for incoming in messages}

    async def _answer(self, row: Row, lease: Lease, stop: asyncio.Event) -> bool:
        self.answered.append(row)
        await self.go_on.wait()
        return True

    async def _drop(self, row: Row, lease: Lease) -> bool:
        self.dropped.append(row)
        return True


@pytest.fixture
async def house() -> House:
    return House()


async def test_what_waited_when_its_author_was_let_out_is_dropped(house: House) -> None:
    house.let_in = False
    assert await house.handle(row())
    assert (house.answered, house.dropped) == ([], [row()])


async def test_what_a_command_did_is_shown_all_the_same(house: House) -> None:
    house.let_in = False
    house.go_on.set()
    assert await house.handle(row(express=True))
    assert house.dropped == []


@pytest.mark.parametrize(
    ("address", "subject", "ends"),
    [
        (PRIVATE, "telegram:5", True),
        (PRIVATE, "telegram:55", False),
        (GROUP, "discord:9", True),
        (GROUP, "discord:50", False),
        (GROUP, "telegram:5", False),  # a group is let in as a whole
    ],
)
async def test_the_answers_of_who_is_let_out_end(house: House, address: Address, subject: str, ends: bool) -> None:
    asked = row(address)
    answering = asyncio.create_task(house.handle(asked))
    while not house.answered:
        await asyncio.sleep(0)
    house.door.let_out(subject)
    assert house.stopped == ([asked.lane] if ends else [])
    house.go_on.set()
    assert await answering
    house.door.let_out(subject)
    assert len(house.stopped) == int(ends)


@pytest.mark.parametrize("express", [False, True])
def test_whoever_another_process_lets_out_is_seen_within_a_second(express: bool) -> None:
    async def story() -> House:
        house = House()
        watching = asyncio.create_task(house.door.watch())
        answering = asyncio.create_task(house.handle(row(express=express)))
        await asyncio.sleep(10 * LOOK)
        assert house.stopped == []
        house.let_in = False
        await asyncio.sleep(1.01 * LOOK)
        house.go_on.set()
        await answering
        await asyncio.sleep(LOOK)
        watching.cancel()
        return house

    assert set(run(story()).stopped) == (set() if express else {row().lane})


async def test_a_command_that_is_being_shown_is_not_ended(house: House) -> None:
    answering = asyncio.create_task(house.handle(replace(row(express=True))))
    while not house.answered:
        await asyncio.sleep(0)
    house.door.let_out("telegram:5")
    assert house.stopped == []
    house.go_on.set()
    assert await answering
