"""What admins hear of budgets: the house's at every threshold, those of many people in few messages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.quota.alerting import GATHER, SHOWN, Alerting
from core.quota.limits import Limits
from core.settings import Settings
from core.store import Cap, Payer, Total
from tests.virtual import run

NANO = 10**9
BUDGETS = "day = 1000\n[user]\nday = 1\n"


class Book:
    """The part of the usage table that counts: what each has spent, and what was told."""

    def __init__(self) -> None:
        self.spent: dict[tuple[str, str], int] = {}
        self.told: set[tuple[str, str, str, int]] = set()

    async def total(self, kind: str, name: str, period: str) -> Total:
        return Total(name, name.partition(":")[2], cost=self.spent.get((kind, name), 0))

    async def untold(self, cap: Cap, percents: Sequence[int]) -> list[int]:
        return [percent for percent in percents if (cap.kind, cap.name, cap.period, percent) not in self.told]

    async def tell(self, cap: Cap, percents: Sequence[int]) -> None:
        self.told |= {(cap.kind, cap.name, cap.period, percent) for percent in percents}


class Desk:
    def __init__(self, folder: Path, text: str = BUDGETS) -> None:
        (folder / "budgets.toml").write_text(text, "utf-8")
        self.book, self.messages = Book(), list[tuple[float, str]]()
        self.takes, self.fails = 0.0, False  # seconds for a message; whether the platform refuses it
        limits = Limits(Settings(_env_file=None, data_dir=folder))  # type: ignore[call-arg]
        book: Any = self.book
        self.alerting = Alerting(book, limits, self._write, lambda: 1e9)

    async def _write(self, about: str, text: str) -> bool:
        await asyncio.sleep(self.takes)
        if not self.fails:
            self.messages.append((asyncio.get_running_loop().time(), text))
        return not self.fails

    async def pays(self, who: str, dollars: float) -> None:
        for kind, name in (("house", ""), ("user", who)):
            self.book.spent[kind, name] = self.book.spent.get((kind, name), 0) + int(dollars * NANO)
        await self.alerting.paid(Payer(who))

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.messages]


def test_a_thousand_people_are_told_of_in_one_message_an_hour(tmp_path: Path) -> None:
    async def story() -> Desk:
        desk = Desk(tmp_path, "[user]\nday = 1\n")
        for number in range(1000):
            await desk.pays(f"telegram:{number}", 0.6)  # half of it is nobody's business
            await desk.pays(f"telegram:{number}", 0.4)
            await asyncio.sleep(10)
        await asyncio.sleep(3 * GATHER)
        return desk

    desk = run(story())
    assert desk.messages[0] == (0.0, desk.texts[0])
    assert desk.texts[0].startswith("0 (telegram:0) has used up the budget for today: $1.00 of $1.00. It renews")
    assert [at for at, _ in desk.messages] == [0.0, GATHER, 2 * GATHER, 3 * GATHER]
    assert desk.texts[1].startswith("Budgets of 359 people and groups:\n- 1 (telegram:1) has used up")
    assert f"\n- and {359 - SHOWN} more\n/usage shows" in desk.texts[1]
    assert desk.texts[1].count("has used up") == SHOWN


def test_one_more_is_told_as_itself_and_after_a_quiet_hour_at_once(tmp_path: Path) -> None:
    async def story() -> Desk:
        desk = Desk(tmp_path)
        await desk.pays("telegram:1", 1)
        await desk.pays("telegram:2", 1)
        await desk.pays("telegram:2", 1)
        await asyncio.sleep(3 * GATHER)
        await desk.pays("telegram:3", 1)
        await asyncio.sleep(0.1)
        return desk

    desk = run(story())
    assert [(at, text.partition(" has")[0]) for at, text in desk.messages] == [
        (0.0, "1 (telegram:1)"),
        (GATHER, "2 (telegram:2)"),
        (3 * GATHER, "3 (telegram:3)"),
    ]


def test_the_house_is_told_of_at_each_threshold_at_once(tmp_path: Path) -> None:
    async def story() -> Desk:
        desk = Desk(tmp_path, "day = 10\n")
        for _ in range(11):
            await desk.pays("telegram:1", 1)
        await asyncio.sleep(0.1)
        return desk

    assert [text.partition(" the budget")[0] for text in run(story()).texts] == [
        "The bot has used 50 % of",
        "The bot has used 80 % of",
        "The bot has used up",
    ]


@pytest.mark.parametrize(("alerts", "told"), [("[50, 100]", 2), ("[]", 0)])
def test_the_file_says_at_which(tmp_path: Path, alerts: str, told: int) -> None:
    async def story() -> Desk:
        desk = Desk(tmp_path, f"[user]\nday = 1\nalerts = {alerts}\n")
        await desk.pays("telegram:1", 0.5)
        await desk.pays("telegram:1", 0.5)
        await desk.alerting.close()
        return desk

    assert len(run(story()).texts) == told


def test_a_rest_that_is_too_small_for_an_answer_is_told_as_used_up(tmp_path: Path) -> None:
    async def story() -> Desk:
        desk = Desk(tmp_path)
        await desk.pays("telegram:1", 0.99)
        cap = Cap("user", "telegram:1", "2001-09-09", NANO)
        await desk.alerting.refused(cap)
        await desk.alerting.refused(cap)
        await desk.alerting.refused(Cap("user", "telegram:2", "2001-09-09", 0))  # who may spend nothing is no news
        await desk.alerting.close()
        return desk

    (text,) = run(story()).texts
    assert text.startswith("1 (telegram:1) has used up the budget for today: $0.99 of $1.00.")


def test_what_waits_is_told_when_the_house_closes(tmp_path: Path) -> None:
    async def story() -> Desk:
        desk = Desk(tmp_path)
        for number in range(3):
            await desk.pays(f"telegram:{number}", 1)
        desk.takes = 1.9
        await desk.alerting.close()
        return desk

    assert run(story()).texts[1].startswith("Budgets of 2 people and groups:")


def test_what_was_not_sent_does_not_count_as_told(tmp_path: Path) -> None:
    async def story() -> tuple[Desk, list[int]]:
        desk, counts = Desk(tmp_path), list[int]()
        for number in range(3):
            await desk.pays(f"telegram:{number}", 1)
        await asyncio.sleep(1)
        counts.append(len(desk.book.told))  # one was told, two wait for the hour
        desk.takes = 60
        await desk.alerting.close()  # as the process ends
        counts.append(len(desk.book.told))
        return desk, counts

    desk, counts = run(story())
    assert counts == [1, 1]
    assert [text.partition(" has")[0] for text in desk.texts] == ["0 (telegram:0)"]


def test_what_could_not_be_sent_is_told_with_the_next_hours(tmp_path: Path) -> None:
    async def story() -> Desk:
        desk = Desk(tmp_path, "day = 1\n[user]\nday = 1\n")
        desk.fails = True
        await desk.pays("telegram:1", 1)
        await desk.pays("telegram:1", 1)
        await asyncio.sleep(1)
        desk.fails = False
        await asyncio.sleep(GATHER)
        return desk

    desk = run(story())
    ((_, text),) = desk.messages
    assert "The bot has used up" in text
    assert "1 (telegram:1) has used up" in text
    assert {percent for *_, percent in desk.book.told} == {50, 80, 100}
