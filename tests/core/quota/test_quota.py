"""Admission: what is reserved by which prices, what a dead process left, and work that nobody asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from core.errors import ModelError, UserError
from core.live.journal import Fenced
from core.model import Status
from core.model.metered import Metered
from core.model.queue import Queue
from core.observe import metrics
from core.quota import Quota
from core.quota.limits import periods
from core.quota.money import NANO
from core.quota.quota import SHARE
from core.quota.unasked import Unasked
from core.settings import Settings
from core.store import Lease, Row, Store
from core.types import Delta, Usage
from tests.clock import Clock
from tests.core.store.conftest import KEY, taken

HI = [HumanMessage("x" * 40)]  # 14 tokens
PRICES = '"cheap" = { input = 1, output = 10 }\n"dear" = { input = 1, output = 1000 }'


class Talker:
    """Says so many words of one token each, under one name."""

    context_tokens: int | None = None

    def __init__(self, name: str, words: int = 5) -> None:
        self.name, self.words = name, words

    def status(self) -> Status:
        return Status(self.name, ready=True)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        for _ in range(self.words):
            yield Delta("word")
        yield Delta(finish="stop", usage=Usage(14, self.words))


class Desk:
    """A quota over a store, and what the admins were told."""

    def __init__(self, store: Store, folder: Path, model: Any, clock: Clock, **settings: Any) -> None:
        (folder / "prices.toml").write_text(PRICES, "utf-8")
        self.store = store
        self.told: list[str] = []
        values = Settings(_env_file=None, data_dir=folder, **settings)  # type: ignore[call-arg]
        self.quota = Quota(store.usage, model, values, alert=self._alert, now=clock)

    async def _alert(self, about: str, text: str) -> bool:
        self.told.append(text)
        return True

    async def answer(self, row: Row, lease: Lease, model: Any, before: str = "") -> str:
        ask = self.quota.ask(row, lease, before)
        said = ""
        try:
            await self.quota.admit(ask, HI, place=lambda place: None)
            async with aclosing(model.stream(HI)) as deltas:
                async for delta in deltas:
                    said += delta.text
        finally:
            await self.store.usage.pay(row.id, lease, self.quota.bill(ask))
        return said


@pytest.fixture
async def row(store: Store) -> tuple[Row, Lease]:
    await store.sessions.current(KEY)
    return await taken(store)


async def spent(store: Store) -> list[tuple[str, int, int]]:
    rows = await store.db.read("SELECT model, completion_tokens, cost FROM usage ORDER BY number")
    return [(r["model"], r["completion_tokens"], r["cost"]) for r in rows]


async def test_an_answer_of_many_shares_goes_on_as_long_as_there_is_money(
    store: Store, tmp_path: Path, clock: Clock, row: tuple[Row, Lease]
) -> None:
    model = Metered(Talker("cheap", 2 * SHARE + 10), Queue())
    desk = Desk(store, tmp_path, model, clock, budget_user_day=Decimal(1))
    assert len(await desk.answer(*row, model)) == 4 * (2 * SHARE + 10)
    assert await spent(store) == [("cheap", 2 * SHARE + 10, 14_000 + (2 * SHARE + 10) * 10_000)]


async def test_what_was_paid_is_counted_for_the_operator(
    store: Store, tmp_path: Path, clock: Clock, row: tuple[Row, Lease]
) -> None:
    counted = metrics.COST.labels("dear")._value.get
    before, talker = counted(), Talker("dear")
    desk = Desk(store, tmp_path, talker, clock)
    await desk.answer(*row, Metered(talker, Queue()))
    ((_, _, cost),) = await spent(store)
    assert cost > 0
    assert counted() - before == pytest.approx(cost / NANO)


async def test_the_prices_of_the_model_that_really_answers_count(
    store: Store, tmp_path: Path, clock: Clock, row: tuple[Row, Lease]
) -> None:
    answers = Metered(Talker("dear", 500), Queue())  # a fallback that costs a hundred times as much
    desk = Desk(store, tmp_path, Talker("cheap"), clock, budget_user_day=Decimal("0.1"))
    with pytest.raises(UserError, match="so the answer ends here"):
        await desk.answer(*row, answers)
    ((model, answer, cost),) = await spent(store)
    assert model == "dear"
    assert answer == 100  # 0.1 dollars less the prompt, and the piece that went over
    assert cost <= 101_000_000


async def test_what_a_dead_process_had_set_aside_but_not_begun_to_say_is_released(
    store: Store, tmp_path: Path, clock: Clock, row: tuple[Row, Lease]
) -> None:
    model = Metered(Talker("cheap"), Queue())
    desk = Desk(store, tmp_path, model, clock, budget_user_day=Decimal(1))
    await desk.quota.admit(desk.quota.ask(*row, ""), HI, place=lambda place: None)  # and dies
    assert await store.usage.reservation(row[0].id) is not None
    await desk.answer(*row, model)
    assert [answer for _, answer, _ in await spent(store)] == [5]


async def test_what_it_had_said_is_paid_by_estimate(
    store: Store, tmp_path: Path, clock: Clock, row: tuple[Row, Lease]
) -> None:
    model = Metered(Talker("cheap"), Queue())
    desk = Desk(store, tmp_path, model, clock, budget_user_day=Decimal(1))
    await desk.quota.admit(desk.quota.ask(*row, ""), HI, place=lambda place: None)
    await desk.answer(*row, model, before="word" * 30)
    assert await spent(store) == [("cheap", 30, 14_000 + 300_000), ("cheap", 5, 14_000 + 50_000)]


async def test_who_was_fenced_off_asks_no_model(
    store: Store, tmp_path: Path, clock: Clock, row: tuple[Row, Lease]
) -> None:
    desk = Desk(store, tmp_path, Talker("cheap"), clock)
    await store.leases.acquire(row[1].lane)
    with pytest.raises(Fenced):
        await desk.quota.admit(desk.quota.ask(*row, ""), HI, place=lambda place: None)


async def test_work_that_nobody_asked_for_is_paid_by_the_house_and_stops_when_that_has_no_more(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    model = Metered(Talker("dear", 100), Queue())
    desk = Desk(store, tmp_path, model, clock, budget_day=Decimal("0.15"), budget_user_day=Decimal(0))
    work = Unasked(model, desk.quota, "summaries")
    for _ in range(2):
        assert len([delta async for delta in work.stream(HI)]) == 101
    with pytest.raises(ModelError, match="used up"):
        await anext(work.stream(HI))
    assert [text.partition(" the budget")[0] for text in desk.told] == [
        "The bot has used 50 % of",
        "The bot has used up",
    ]
    (who,) = await store.usage.top("user", periods(clock())[0], 5)
    assert (who.name, who.label, who.requests) == ("", "summaries", 2)
