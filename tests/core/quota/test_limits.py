"""Limits: which hold for whom, in which day and month, and when they renew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.errors import SetupError
from core.quota import words
from core.quota.limits import Limits, periods
from core.settings import Settings
from core.store import Cap, Granted, Payer, Total

EVENING = datetime(2026, 11, 30, 20, 30, tzinfo=UTC).timestamp()
NANO = 10**9


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


def limits(folder: Path, text: str = "", **settings: Any) -> Limits:
    if text:
        (folder / "budgets.toml").write_text(text, "utf-8")
    return Limits(Settings(_env_file=None, data_dir=folder, **settings))  # type: ignore[call-arg]


def caps(limits: Limits, payer: Payer, now: float = EVENING) -> set[tuple[str, str, str, float]]:
    return {(cap.kind, cap.name, cap.period, cap.limit / NANO) for cap in limits.caps(payer, now)}


def test_without_settings_nothing_is_limited(tmp_path: Path) -> None:
    assert caps(limits(tmp_path), Payer("telegram:1", chat="telegram:-5")) == set()
    assert not limits(tmp_path).any


def test_the_settings_limit_all_each_person_and_each_group(tmp_path: Path) -> None:
    found = limits(tmp_path, budget_month=Decimal(50), budget_user_day=Decimal("0.5"), budget_chat_day=Decimal(0))
    assert found.any
    private = {("house", "", "2026-11", 50.0), ("user", "telegram:1", "2026-11-30", 0.5)}
    assert caps(found, Payer("telegram:1")) == private
    assert caps(found, Payer("telegram:1", chat="telegram:-5")) == {*private, ("chat", "telegram:-5", "2026-11-30", 0)}


def test_the_file_goes_before_the_settings_and_names_people_and_groups(tmp_path: Path) -> None:
    text = """
        day = 2.50
        alerts = [90]
        [user]
        day = 1
        alerts = [80, 100]
        [user."telegram:1"]
        month = 20
        alerts = []
        [chat."discord:7"]
        day = 0.1
    """
    found = limits(tmp_path, text, budget_month=Decimal(50), budget_user_day=Decimal(9), budget_user_month=Decimal(8))
    house = {("house", "", "2026-11-30", 2.5), ("house", "", "2026-11", 50.0)}
    assert caps(found, Payer("telegram:1")) == {*house, ("user", "telegram:1", "2026-11", 20.0)}
    assert caps(found, Payer("telegram:2", chat="discord:7")) == {
        *house,
        ("user", "telegram:2", "2026-11-30", 1.0),
        ("user", "telegram:2", "2026-11", 8.0),
        ("chat", "discord:7", "2026-11-30", 0.1),
    }
    told = [
        found.alerts(Cap(kind, name, "2026-11", 1))
        for kind, name in [
            ("house", ""),
            ("user", "telegram:2"),
            ("user", "telegram:1"),
            ("chat", "discord:7"),
            ("chat", "x"),
        ]
    ]
    assert told == [(90,), (80, 100), (), (100,), (100,)]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("week = 3", "'week' is not known"),
        ("day = '3'", "day must be an amount"),
        ("user = 3", "[user] must be a table"),
        ("[user]\n'telegram:1' = 3", "[user.'telegram:1'] must be a table"),
        ("[user.'telegram:1']\nday = true", "day of [user.'telegram:1'] must be an amount"),
        ("[user.'telegram:1']\nweek = 3", "'week' of [user.'telegram:1'] is not known"),
        ("[user]\nweek = 3", "'week' of [user] is not known"),
        ("[chat.friends]\nday = 3", "'friends' of [chat] is not known: day, month, alerts are, and names as /usage"),
        ("alerts = 50", "alerts must be a list"),
        ("alerts = [true]", "alerts must be a list"),
        ("[chat]\nalerts = [0]", "alerts of [chat] must be a list"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SetupError) as error:
        limits(tmp_path, text)
    assert named in str(error.value)


def test_a_day_begins_at_midnight_where_the_bot_runs() -> None:
    assert periods(EVENING) == ("2026-11-30", "2026-11")
    assert periods(EVENING + 3 * 3600) == ("2026-12-01", "2026-12")


DAY, MONTH = Cap("user", "telegram:1", "2026-11-30", NANO // 2), Cap("house", "", "2026-11", 50 * NANO)


def test_whoever_hits_a_limit_is_told_which_and_when_it_renews() -> None:
    assert words.refused(Granted(0, DAY, spent=NANO // 2), 1000, EVENING) == (
        "Your budget for today ($0.50) is used up. It renews at midnight, in 3 hours."
    )
    assert words.refused(Granted(0, MONTH, spent=50 * NANO), 1000, EVENING - 9 * 86400) == (
        "This bot's budget for this month ($50.00) is used up. It renews on 1 December, in 10 days."
    )
    assert "set aside for answers that are being written" in words.refused(Granted(0, DAY, spent=5), 1000, EVENING)
    assert words.ended(DAY, EVENING) == (
        "Your budget for today ($0.50) is used up, so the answer ends here. It renews at midnight, in 3 hours."
    )


def test_admins_are_told_who_used_how_much() -> None:
    total = Total(label="Dana", cost=NANO // 2)
    assert words.alert(DAY, total, 100, EVENING).startswith(
        "Dana (telegram:1) has used up the budget for today: $0.50 of $0.50. It renews at midnight"
    )
    assert words.alert(DAY, Total(label="[Dana](https://evil.example)"), 50, 0).startswith(r"\[Dana](https")
    assert words.alert(MONTH, Total(cost=25 * NANO), 50, EVENING).startswith("The bot has used 50 % of the budget for")
    assert words.alert(Cap("chat", "telegram:-5", "2026-11", 1), Total(), 80, 0).startswith("The group telegram:-5")
