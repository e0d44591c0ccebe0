"""How fast one person may ask."""

from __future__ import annotations

import pytest

from core.quota import pace
from core.quota.pace import Pace
from tests.clock import Clock


def test_a_burst_is_let_through_then_one_as_often_as_the_rate_says() -> None:
    clock = Clock(100.0)
    limit = Pace(6, clock)
    assert [limit.take("ann") for _ in range(6)] == [0.0] * 6
    assert limit.take("ann") == pytest.approx(10.0)
    assert limit.take("ann") == pytest.approx(10.0)  # asking in vain costs nothing
    assert limit.take("bob") == 0.0
    clock.now += 10.0
    assert limit.take("ann") == 0.0
    assert limit.take("ann") == pytest.approx(10.0)
    clock.now += 3600.0
    assert [limit.take("ann") for _ in range(7)] == [0.0] * 6 + [pytest.approx(10.0)]


def test_no_limit_is_no_limit() -> None:
    assert not any(Pace(0, Clock(100.0)).take("ann") for _ in range(1000))


def test_people_are_forgotten_once_they_may_ask_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MANY", 10)
    clock = Clock(100.0)
    limit = Pace(60, clock)
    for number in range(100):
        clock.now += 1.0
        limit.take(f"user {number}")
    assert len(limit._full) <= 11
