"""What it costs and who may spend it: queues, budgets, the ledger, and what people and admins are told."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from typing import Any

import pytest

from core.model import queue
from core.store import Store
from tests.patience import PATIENCE
from tests.story.town import Person, Town

# A thousandth of a dollar a token of the answer: limits are easy to read in tokens.
PRICES = '"loopback-model" = { input = 0, output = 1000 }\n'
WORDS = "abcd" * 200  # 200 tokens by the model server's count, 4 characters each


def priced(town: Town, text: str = PRICES) -> None:
    (town.folder / "prices.toml").write_text(text, "utf-8")


async def ledger(town: Town, table: str = "usage") -> list[dict[str, Any]]:
    store = await Store.open(f"sqlite+aiosqlite:///{town.folder}/chinwag.db")
    rows = await store.db.read(f"SELECT * FROM {table}")
    await store.close()
    return rows


async def paid(town: Town, count: int) -> list[dict[str, Any]]:
    """The ledger, once it has so many rows: an answer is on screen a moment before it is written down."""
    async with asyncio.timeout(PATIENCE):
        while len(rows := await ledger(town)) < count:
            await asyncio.sleep(0.02)
    return rows


async def test_a_budget_that_is_hit_in_mid_stream_ends_the_answer_and_the_ledger_is_the_servers_own_count(
    town: Town, platform: str, capsys: pytest.CaptureFixture[str]
) -> None:
    priced(town, '"loopback-model" = { input = 10, output = 1000 }\n')
    town.model.reply = WORDS
    await town.open(platform, budget_user_day=Decimal("0.5"))
    dana = await town.person(platform)
    await dana.asks("Write two hundred words.", WORDS)
    await dana.asks("Again!", WORDS)
    cut = await dana.asks("And again!", "is used up, so the answer ends here")
    assert cut.startswith("abcd" * 50)
    assert "Your budget for today ($0.50)" in cut
    assert "It renews at midnight, in" in cut
    refused = await dana.asks("Once more?", "is used up. It renews")
    assert "abcd" not in refused
    assert len(town.asked) == 3

    rows = await paid(town, 3)
    server = [request.billed for request in town.asked]
    told = [(row["prompt_tokens"], row["completion_tokens"]) for row in rows]
    assert told == [(s["prompt_tokens"], s["completion_tokens"]) for s in server]
    assert [row["cost"] for row in rows] == [prompt * 10_000 + answer * 1_000_000 for prompt, answer in told]
    assert sum(row["cost"] for row in rows) <= 500_000_000
    assert not any(row["estimated"] for row in rows)
    with capsys.disabled():
        print(
            f"\n{platform}: ledger {told}, the server's count the same; ${sum(r['cost'] for r in rows) / 1e9} of $0.5"
        )


async def test_an_endpoint_that_knows_no_limit_is_cut_by_us_and_counted_by_estimate(town: Town) -> None:
    priced(town)
    town.model.reply, town.model.obeys, town.model.pace = WORDS, False, 0.01
    await town.open("telegram", budget_user_day=Decimal("0.1"))
    dana = await town.person("telegram")
    cut = await dana.asks("Write two hundred words.", "so the answer ends here")
    assert cut.startswith("abcd" * 100)
    await asyncio.wait_for(town.asked[0].dropped.wait(), PATIENCE)
    (row,) = await paid(town, 1)
    assert row["estimated"]
    assert 100 < row["completion_tokens"] < 120  # what came together with the last piece that there was money for
    assert abs(row["completion_tokens"] - town.asked[0].billed["completion_tokens"]) <= 20  # what was on the way


async def test_a_stopped_answer_counts_what_it_used(town: Town, dana: Person) -> None:
    town.model.reply = WORDS
    gate = town.model.hold(after=10)
    await dana.says("Write two hundred words.")
    await gate.reached()
    await dana.sees(lambda: any("abcd" in text for text in dana.heard()), "some words")
    await dana.says("/stop")
    await dana.hears("Stopped.")
    rows = await paid(town, 1)
    assert [(row["completion_tokens"], row["estimated"], row["model"]) for row in rows] == [(10, 1, "loopback-model")]
    assert rows[0]["prompt_tokens"] > 0


async def test_what_a_process_that_was_killed_had_set_aside_is_settled_when_its_row_is_taken_up(town: Town) -> None:
    priced(town)
    town.model.reply = WORDS
    await town.open("telegram", budget_user_day=Decimal("1"), stop_grace=0)
    dana = await town.person("telegram")
    gate = town.model.hold(after=10)
    await dana.says("Write two hundred words.")
    await gate.reached()
    await asyncio.sleep(1.2)  # the partial text is saved once a second
    await town.close()
    (left,) = await ledger(town, "reservations")
    assert left["cost"] == 1_000_000_000  # all that was left of the day
    town.model.gate = None
    await town.start()
    await dana.hears(WORDS)
    rows = await paid(town, 2)
    assert [row["estimated"] for row in rows] == [1, 0]
    assert rows[0]["completion_tokens"] == 10
    assert await ledger(town, "reservations") == []
    (day,) = [row for row in await ledger(town, "sums") if row["kind"] == "user" and len(row["period"]) == 10]
    assert day["cost"] == sum(row["cost"] for row in rows)


async def test_admins_are_told_at_each_threshold_once_also_over_a_restart(town: Town) -> None:
    priced(town)
    town.model.reply = "abcd" * 50  # 51 tokens by the server's count: $0.051
    await town.open("telegram", budget_month=Decimal("0.24"), admins=("telegram:1",))
    boss, dana = town.telegram.user(1, "Boss"), await town.person("telegram")
    chat = town.telegram.private(boss)
    await chat.send(boss, "/start")

    def told() -> list[str]:
        return [m.text for m in chat.messages if m.from_bot and "has used" in m.text]

    for answers, alerts in enumerate([0, 0, 1, 2, 3], 1):
        await dana.asks("Write.", "abcd" * 30)
        await paid(town, answers)
        await dana.sees(lambda: len(told()) >= alerts, "an alert")  # noqa: B023
        if answers == 3:
            await town.restart()  # what was told is remembered
    assert [text.partition(" %")[0] for text in told()] == ["The bot has used 50", "The bot has used 80", told()[2]]
    assert told()[2].startswith("The bot has used up the budget for this month: $0.24 of $0.24.")
    assert "the budget for this month: $0.16 of $0.24. It renews on 1 " in told()[0]


async def test_what_waits_to_be_told_is_told_at_the_stop(town: Town) -> None:
    priced(town)
    town.model.reply = WORDS
    (town.folder / "budgets.toml").write_text("[user]\nday = 1\nalerts = [10]\n", "utf-8")
    await town.open("telegram", admins=("telegram:1",))
    boss = town.telegram.user(1, "Boss")
    office = town.telegram.private(boss)
    await office.send(boss, "/help")
    for name in ("Ada", "Bob", "Cem"):
        person = await town.person("telegram", name)
        await person.asks("Hello", WORDS)
        await town.settled()
    await office.until(lambda m: m.from_bot and "Ada (" in m.text)
    told = await ledger(town, "budget_alerts")
    assert len(told) == 1
    await town.close()
    texts = [message.text for message in office.messages if message.from_bot]
    assert "Bob" in texts[-1]
    assert "Cem" in texts[-1]
    assert len(await ledger(town, "budget_alerts")) == 3


async def test_a_file_that_is_edited_into_what_cannot_be_used_changes_nothing_and_admins_are_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.watched.EVERY", 0.0)
    priced(town)
    budgets(town, "[user]\nday = 0", at=1)
    await town.open("telegram", admins=("telegram:1",))
    boss, dana = town.telegram.user(1, "Boss"), await town.person("telegram")
    chat = town.telegram.private(boss)
    await chat.send(boss, "/start")
    await dana.asks("Hi", "is used up")
    budgets(town, "[user]\nweek = 1", at=2)
    await dana.asks("Hi?", "is used up")
    told = "🔧 budgets.toml cannot be used: 'week' of [user] is not known"
    await dana.sees(lambda: [m.text for m in chat.messages if m.text.startswith(told)], "why")
    budgets(town, "[user]\nday = 1", at=3)
    await dana.asks("Hi!", "You said: ")


def budgets(town: Town, text: str, at: int) -> None:
    (town.folder / "budgets.toml").write_text(text, "utf-8")
    os.utime(town.folder / "budgets.toml", ns=(at, at))


async def test_usage_shows_a_person_their_own_and_an_admin_all(town: Town) -> None:
    priced(town)
    town.model.reply = WORDS
    await town.open("telegram", budget_user_month=Decimal("2"), admins=("telegram:1",), budget_day=Decimal("1"))
    dana, ed = await town.person("telegram"), await town.person("telegram", "Ed")
    await dana.asks("Write.", WORDS)
    await ed.asks("Write.", WORDS)
    await ed.asks("Write.", WORDS)
    await paid(town, 3)
    own = await dana.asks("/usage", "You have used")
    assert "This month: $0.21 of $2.00, 1 answer" in own
    assert "It renews on 1 " in own
    assert "Today, everybody together: $0.61 of $1.00. It renews at midnight" in own
    assert "Ed" not in own

    boss = town.telegram.user(1, "Boss")
    chat = town.telegram.private(boss)
    await chat.send(boss, "/usage")
    everything = await dana.sees(
        lambda: next((m.text for m in chat.messages if m.from_bot and "Top people" in m.text), ""), "all"
    )
    assert everything.index("Ed (telegram:") < everything.index("Dana (telegram:")
    assert "Today: $0.61 of $1.00, 3 answers" in everything
    assert "1. loopback-model: $0.61, 3 answers" in everything


async def test_usage_is_there_on_every_platform(town: Town, dana: Person) -> None:
    town.model.reply = WORDS
    await dana.asks("Write.", WORDS)
    await paid(town, 1)
    assert "Today: $0, 1 answer" in await dana.asks("/usage", "You have used")


async def test_who_asks_too_fast_is_told_when_to_come_back_and_retry_answers_it(town: Town) -> None:
    await town.open("telegram", questions_per_minute=2)
    dana, ed = await town.person("telegram"), await town.person("telegram", "Ed")
    await dana.asks("One.", "You said: One.")
    await dana.asks("Two.", "You said: Two.")
    told = await dana.asks("Three.", "That was quick")
    assert "2 questions a minute" in told
    assert "30 seconds" in told or "29 seconds" in told
    await ed.asks("Me?", "You said: Me?")
    assert "Three." in await dana.asks("/history", "Three.")


async def test_the_place_in_the_queue_is_shown_and_the_answer_replaces_it(
    town: Town, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PATIENCE", 0.1)
    monkeypatch.setattr(queue, "AGAIN", 0.1)
    await town.open(platform, requests_at_once=1)
    first, waits = await town.person(platform), await _another(town, platform)
    gate = town.model.hold(after=1)
    await first.says("My name is Ann.")
    await gate.reached()
    if platform == "web":
        await _in_another_conversation(first, "My name is Bob.")
        await first.sees(lambda: any("you are next" in m["text"] for m in first.messages), "a place")  # type: ignore[attr-defined]
        gate.open()
        await first.sees(lambda: any("Bob" in turn["answer"] for turn in first.turns), "an answer")  # type: ignore[attr-defined]
        assert not any("you are next" in text for text in first.heard())
        return
    await waits.says("My name is Bob.")
    await waits.hears("you are next")
    assert len(town.asked) == 1
    gate.open()
    await waits.hears("Nice to meet you, Bob.")
    assert len(waits.heard()) == 1  # in the same message


async def _another(town: Town, platform: str) -> Person:
    return await town.person(platform, "Bob") if platform != "web" else town.web  # type: ignore[return-value]


async def _in_another_conversation(person: Any, text: str) -> None:
    person.session = ""
    person.turns, person.messages = [], []
    await person.says(text)


async def test_stop_works_while_waiting_in_the_queue(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PATIENCE", 0.05)
    await town.open("telegram", requests_at_once=1)
    ann, bob, cyd = [await town.person("telegram", name) for name in ("Ann", "Bob", "Cyd")]
    gate = town.model.hold(after=1)
    await ann.says("My name is Ann.")
    await gate.reached()
    await bob.says("My name is Bob.")
    await bob.hears("you are next")
    await cyd.says("My name is Cyd.")
    await cyd.hears("you are number 2")
    await bob.says("/stop")
    await bob.hears("Stopped.")
    gate.open()
    await cyd.hears("Nice to meet you, Cyd.")
    assert [request.text for request in town.asked] == ["My name is Ann.", "My name is Cyd."]
    assert not [row for row in await ledger(town) if row["subject"] == f"telegram:{bob.user.id}"]  # type: ignore[attr-defined]
