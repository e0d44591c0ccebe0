"""The calls that a place takes: windows, reserves, what the platform says, and who is held up by it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.live import pacer
from core.live.budget import Budget, Budgets
from core.surface import Limits, Rate

GROUP = (Rate(20, 60.0),)
CHANNEL = (Rate(5, 1.0),)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def place(name: str, bot: str = "telegram:1") -> Limits:
    return Limits(page=4096, budget=f"{bot}:{name}", rates=GROUP, whole=bot, whole_rates=(Rate(30, 1.0),))


def test_a_window_is_never_overrun() -> None:
    clock = Clock()
    budget = Budget(GROUP, clock)
    times = []
    for _ in range(100):
        clock.now += budget.wait(final=True)
        budget.spend()
        times.append(clock.now)
        clock.now += 0.1
    assert all(len([t for t in times if start <= t < start + 60]) <= 20 for start in times)


def test_each_live_answer_has_a_call_for_its_end() -> None:
    clock = Clock()
    budget = Budget(GROUP, clock)
    budget.live = 3
    while budget.wait() == 0:
        budget.spend()
    for _ in range(3):
        assert budget.wait(final=True) == 0
        budget.spend()
    assert budget.wait(final=True) == pytest.approx(60)


def test_in_a_short_window_not_every_answer_ends() -> None:
    budget = Budget(CHANNEL, Clock())
    budget.live = 10
    assert budget.kept() == [1]
    assert budget.wait() == 0


def test_a_refusal_gates_its_place_and_no_other() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    ada, bob, other = (budgets.of(place(name)) for name in ("ada", "bob", "other"))
    elsewhere = budgets.of(place("ada", bot="discord:9"))
    ada.gate(36)
    assert (ada.wait(final=True), bob.wait(), elsewhere.wait()) == (36, 0, 0)
    clock.now += 6
    bob.gate(10)  # later than five seconds: it is bob's place again
    assert other.wait() == 0


def test_a_second_places_refusal_within_five_seconds_gates_the_bot_and_no_other_bot() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    ada, bob, other = (budgets.of(place(name)) for name in ("ada", "bob", "other"))
    second = budgets.of(place("ada", bot="telegram:2"))
    ada.gate(36)
    ada.gate(36)
    assert other.wait() == 0
    clock.now += 4
    bob.gate(20)
    assert other.wait(final=True) == 20
    assert second.wait() == 0


def test_what_the_bot_sends_everywhere_counts_together() -> None:
    budgets = Budgets(Clock())
    for n in range(30):
        budgets.of(place(str(n))).spend()
    assert budgets.of(place("one more")).wait(final=True) == pytest.approx(1.0)


def test_idle_places_are_forgotten_and_the_others_are_not() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    busy = budgets.of(place("busy"))
    busy.live = 1
    for n in range(3 * Budgets.MANY):
        budgets.of(place(str(n))).spend()
        clock.now += 1
    assert len(budgets._budgets) <= Budgets.MANY + 1
    assert budgets.of(place("busy")) is busy


@given(st.floats(0, 59), st.integers(1, 3))
def test_pauses_only_widen_within_a_window(elapsed: float, live: int) -> None:
    limits = place("x")
    kept = [live]
    assert pacer.pause(elapsed, limits, kept, live) >= limits.interval * live
    if elapsed < 0.7 * 60:
        assert pacer.pause(elapsed + 1, limits, kept, live) >= pacer.pause(elapsed, limits, kept, live) - 1e-9


@pytest.mark.parametrize(("calls", "seconds", "interval"), [(20, 60.0, 1.0), (45, 60.0, 1.0), (20, 20.0, 1.0)])
def test_a_schedule_spends_what_a_window_gives_and_not_more(calls: int, seconds: float, interval: float) -> None:
    limits = Limits(page=1, budget="x", rates=(Rate(calls, seconds),), interval=interval)
    at, spent = 0.0, 0
    while at < pacer.SETTLED * seconds:
        spent += 1
        at += pacer.pause(at, limits, [1], 1)
    assert calls * 0.6 <= spent <= calls - 1
