"""The best possible, against trying everything in a small world; and against all schedules of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise, product
from math import log

import pytest

from core.surface import Rate
from tests.bench.clairvoyant import alone, least, promise, usual
from tests.bench.freshness import CHANNEL, GROUP, PRIVATE, Chat, Place, bound, ours, row, stream
from tests.bench.place import SPEED, Answer, Talk, ages, run
from tests.bench.test_place import LIMITS

STEP = 1 / SPEED


def age(calls: tuple[int, ...], steps: int, trip: int) -> float:
    """The mean age of one answer, by the benchmark's own measure."""
    talk = Talk(Answer(0.0, steps * STEP), [], trip * STEP, LIMITS)
    talk.shown = [((call + trip) * STEP, call + 1) for call in calls]
    return ages(talk).mean


def schedules(steps: int, trip: int, pause: int) -> Iterator[tuple[int, ...]]:
    for count in range(6):
        for calls in combinations(range(steps - trip + 1), count):
            if all(later - call >= pause for call, later in pairwise(calls)):
                yield calls


@pytest.mark.parametrize(
    ("steps", "trip", "pause", "allowed"), [(14, 2, 3, 9), (16, 3, 4, 3), (17, 1, 3, 4), (13, 2, 2, 2)]
)
def test_one_answer_within_a_window_is_exact(steps: int, trip: int, pause: int, allowed: int) -> None:
    best = min(age(calls, steps, trip) for calls in schedules(steps, trip, pause) if len(calls) < allowed)
    found = least(steps * STEP, trip * STEP, pause * STEP, [Rate(allowed, 10.0)])
    assert found.mean == pytest.approx(best, rel=5e-3)
    assert found.mean <= best + 1e-9


def test_a_sliding_window_and_two_answers_are_bounded_from_below() -> None:
    steps, trip, pause, rate = 12, 2, 3, Rate(3, 8 * STEP)
    best = min(
        (age(one, steps, trip) + age(other, steps, trip)) / 2
        for one, other in product(list(schedules(steps, trip, pause)), repeat=2)
        if kept([*one, *other, steps, steps], rate)
    )
    found = least(steps * STEP, trip * STEP, pause * STEP, [rate], answers=2).mean
    assert 0.85 * best < found <= best + 1e-9


def kept(calls: list[int], rate: Rate) -> bool:
    width = round(rate.seconds * SPEED)
    return all(sum(start <= call < start + width for call in calls) <= rate.calls for start in calls)


@pytest.mark.parametrize("place", [PRIVATE, GROUP, CHANNEL], ids=lambda place: place.name)
@pytest.mark.parametrize("answers", [1, 3])
def test_no_schedule_beats_the_clairvoyant(place: Place, answers: int) -> None:
    chat = Chat(place, answers)
    best = bound(chat, 8.0, 0.08)
    unpaced = least(8.0, 0.08, 0.0, place.rates(8.0), answers)  # some peers edit more often than Chinwag would
    for make, least_age in ((ours(place), best), *((peer, unpaced) for peer in place.peers.values())):
        [talks] = run(stream([chat], make, 8.0, 0.08))
        assert row(chat, "", talks, least_age).ratio >= 1


@pytest.mark.parametrize("seconds", [2.0, 13.0, 40.0])
def test_the_closed_form_is_the_same_but_for_the_grid(seconds: float) -> None:
    assert alone(seconds, 0.1, 1.0, 20) == pytest.approx(least(seconds, 0.1, 1.0, [Rate(20, 60.0)]).mean, rel=0.06)


def test_nobody_can_promise_more_than_the_formula_says() -> None:
    """The claim of `core.live.pacer`: r = 1 + ln(w / (K i)) / 2 is the least, apart from the round trip."""
    assert promise(Rate(20, 60.0), 1.0, 0.0) == pytest.approx(1 + log(60 / 19) / 2, rel=0.02)
    assert promise(Rate(45, 60.0), 1.0, 0.0) == pytest.approx(1 + log(60 / 44) / 2, rel=0.02)
    assert promise(Rate(20, 60.0), 1.0, 0.3) < promise(Rate(20, 60.0), 1.0, 0.08) < promise(Rate(20, 60.0), 1.0, 0.0)


def test_the_mean_over_all_lengths_can_be_kept_lower_than_every_single_one() -> None:
    rate = Rate(8, 30.0)
    assert 1.05 < usual(rate, 1.0, 0.1) < promise(rate, 1.0, 0.1)


def test_with_calls_enough_nothing_is_lost_by_not_knowing_the_length() -> None:
    assert usual(Rate(40, 20.0), 1.0, 0.25) == pytest.approx(1.0, abs=0.05)  # the end comes at any moment of a gap


def test_fewer_calls_are_worse() -> None:
    assert usual(Rate(5, 30.0), 1.0, 0.1) > usual(Rate(10, 30.0), 1.0, 0.1)
