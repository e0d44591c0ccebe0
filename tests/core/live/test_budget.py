"""The calls that a place takes: windows, reserves, what the platform says, and who is held up by it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.live.budget import ANSWER, KNOWN, NONE, Budget, Budgets, Kind, Share
from core.surface import Limits, Rate
from tests.clock import Clock

GROUP = (Rate(20, 60.0),)
CHANNEL = (Rate(5, 1.0),)


def joined(budget: Budget, count: int = 1) -> list[Share]:
    shares = [Share() for _ in range(count)]
    for share in shares:
        budget.join(share)
    return shares


def place(name: str, bot: str = "telegram:1") -> Limits:
    return Limits(page=4096, budget=f"{bot}:{name}", rates=GROUP, whole=bot, whole_rates=(Rate(30, 1.0),))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=KNOWN, max_size=KNOWN), st.floats(0.05, 2.0))
def test_a_window_is_never_overrun_however_long_the_ways_there_and_back_take(
    ways: list[tuple[float, float]], trip: float
) -> None:
    clock = Clock()
    budget = Budget(CHANNEL, clock)
    [share] = joined(budget)
    arrived = []
    for there, back in ways:
        clock.now += budget.wait(share)
        with budget.call():
            clock.now += trip * (0.2 + 0.6 * there)
            arrived.append(clock.now)
            clock.now += trip * (0.2 + 0.6 * back)
    assert all(after - before > 1.0 - NONE for before, after in zip(arrived, arrived[5:], strict=False))


def test_a_steady_connection_wastes_nothing_of_a_window() -> None:
    clock = Clock()
    budget = Budget(CHANNEL, clock)
    [share] = joined(budget)
    started = []
    for _ in range(KNOWN + 20):
        clock.now += budget.wait(share)
        started.append(clock.now)
        with budget.call():
            clock.now += 0.15
    assert started[-1] - started[-6] == pytest.approx(1.0)
    assert started[5] - started[0] == pytest.approx(1.0 + 0.75 * 0.15)


def test_a_call_under_way_counts_until_it_is_back() -> None:
    clock = Clock()
    budget = Budget((Rate(1, 10.0),), clock)
    [share] = joined(budget)
    with budget.call():
        clock.now += 30
        assert budget.wait(share) == pytest.approx(10)


def test_a_wait_that_a_clock_may_not_be_able_to_add_is_none() -> None:
    clock = Clock()
    budget = Budget(CHANNEL, clock)
    [share] = joined(budget)
    for _ in range(5):
        budget.spend()
    clock.now += 1.0 - NONE / 2
    assert budget.wait(share) == 0


def test_each_live_answer_has_a_call_for_its_end() -> None:
    clock = Clock()
    budget = Budget(GROUP, clock)
    shares = joined(budget, 3)
    while budget.wait(shares[0], Kind.EDIT) == 0:
        budget.spend()
    for share in shares:
        assert budget.wait(share) == 0
        budget.spend()
    assert budget.wait(shares[0]) == pytest.approx(60)


def test_an_answer_that_may_need_another_page_keeps_a_second_call_and_a_full_page_may_use_it() -> None:
    budget = Budget(GROUP, Clock())
    one, two = joined(budget, 2)
    one.ends = 2
    for _ in range(17):
        budget.spend()
    assert budget.wait(two, Kind.EDIT) == pytest.approx(60)
    assert budget.wait(one, Kind.PAGE) == 0


def test_in_a_short_window_not_every_answer_ends() -> None:
    budget = Budget(CHANNEL, Clock())
    shares = joined(budget, int(ANSWER) // 2)
    for _ in range(4):
        assert budget.wait(shares[0], Kind.EDIT) == 0
        budget.spend()
    assert budget.wait(shares[0], Kind.EDIT) == pytest.approx(1.0)
    assert budget.wait(shares[0]) == 0


def test_who_has_been_due_longest_goes_first_and_first_texts_before_edits() -> None:
    clock = Clock()
    budget = Budget((Rate(4, 10.0),), clock)
    early, late, new = joined(budget, 3)
    for ago in (9.0, 8.0, 1.0):
        budget.spend(ago)
    first, second = 2.0, 9.0  # when the reserve of two is complete again, with one and with two calls to spare
    assert budget.wait(late, Kind.EDIT, -1.0) == pytest.approx(first)
    assert budget.wait(early, Kind.EDIT, -5.0) == pytest.approx(first)
    assert budget.wait(late, Kind.EDIT, -1.0) == pytest.approx(second)
    assert budget.wait(new, Kind.FIRST, 0.0) == pytest.approx(first)
    assert budget.wait(early, Kind.EDIT, -5.0) == pytest.approx(second)
    early.due = new.due = None
    assert budget.wait(late, Kind.EDIT, -1.0) == pytest.approx(first)


def test_who_is_not_due_yet_holds_nobody_up() -> None:
    budget = Budget((Rate(4, 10.0),), Clock())
    one, two = joined(budget, 2)
    assert budget.wait(one, Kind.EDIT, 3.0) == 3.0
    assert budget.wait(two, Kind.EDIT, 0.0) == 0


def test_answers_take_turns_so_that_their_edits_are_apart() -> None:
    clock = Clock()
    budget = Budget(GROUP, clock)
    one, two = joined(budget, 2)
    one.gap, two.gap = 6.0, 8.0
    with budget.call():
        pass
    clock.now += 1
    assert budget.wait(two, Kind.EDIT, -9.0) == pytest.approx(2.0)  # half of 6 seconds after the other's
    assert budget.wait(one, Kind.EDIT, -5.0) == pytest.approx(5.0)  # and its own turn after that


def test_the_supply_is_what_comes_back_and_when() -> None:
    clock = Clock()
    budget = Budget((Rate(6, 60.0),), clock)
    joined(budget, 2)
    for ago in (40.0, 10.0):
        budget.spend(ago)
    with budget.call():
        pass
    clock.now += 5
    assert list(budget.supply()) == [(20.0, 2), (50.0, 3), (60.0, 4), (60.0, 4)]


def test_calls_in_a_short_window_are_spread_evenly() -> None:
    clock = Clock()
    budget = Budget(CHANNEL, clock)
    joined(budget, 2)
    assert list(budget.supply()) == []
    assert budget.sustained() == pytest.approx(1 / 4)
    with budget.call():
        clock.now += 0.4
    assert budget.sustained() == pytest.approx(1.3 / 4)


def test_a_refusal_gates_its_place_and_no_other() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    ada, bob, other = (budgets.of(place(name)) for name in ("ada", "bob", "other"))
    elsewhere = budgets.of(place("ada", bot="discord:9"))
    ada.gate(36)
    assert (ada.wait(Share()), bob.wait(Share(), Kind.EDIT), elsewhere.wait(Share(), Kind.EDIT)) == (36, 0, 0)
    clock.now += 6
    bob.gate(10)  # later than five seconds: it is bob's place again
    assert other.wait(Share(), Kind.EDIT) == 0


def test_a_second_places_refusal_within_five_seconds_gates_the_bot_and_no_other_bot() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    ada, bob, other = (budgets.of(place(name)) for name in ("ada", "bob", "other"))
    second = budgets.of(place("ada", bot="telegram:2"))
    ada.gate(36)
    ada.gate(36)
    assert other.wait(Share(), Kind.EDIT) == 0
    clock.now += 4
    bob.gate(20)
    assert other.wait(Share()) == 20
    assert second.wait(Share(), Kind.EDIT) == 0


def test_what_the_bot_sends_everywhere_counts_together() -> None:
    budgets = Budgets(Clock())
    for n in range(30):
        budgets.of(place(str(n))).spend()
    assert budgets.of(place("one more")).wait(Share()) == pytest.approx(1.0)


def test_idle_places_are_forgotten_and_the_others_are_not() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    busy = budgets.of(place("busy"))
    joined(busy)
    for n in range(3 * Budgets.MANY):
        budgets.of(place(str(n))).spend()
        clock.now += 1
    assert len(budgets._budgets) <= Budgets.MANY + 1
    assert budgets.of(place("busy")) is busy
