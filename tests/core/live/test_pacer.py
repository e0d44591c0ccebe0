"""The schedule of an answer of unknown length, on a fake clock."""

from __future__ import annotations

from itertools import pairwise
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.live import pacer
from core.live.budget import Budget, Kind, Share
from core.surface import Limits, Rate


def schedule(
    rates: tuple[Rate, ...], until: float, *, spent: tuple[float, ...] = (), interval: float = 1.0
) -> list[float]:
    """When one answer is shown, in seconds after its first text, in a place where calls take no time."""
    now = 1000.0
    budget, share, times = Budget(rates, lambda: now), Share(), [0.0]
    budget.join(share)
    for ago in spent:
        budget.spend(ago)
    with budget.call():
        pass
    while times[-1] < until:
        share.gap = pacer.gap(times[-1], budget.supply(), 1.0)
        now += budget.wait(share, Kind.EDIT, share.gap)
        with budget.call():
            pass
        times.append(now - 1000.0)
    return times[:-1]


def gaps(times: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(times)]


GROUP = (Rate(20, 60.0),)


def test_the_first_edits_are_quick_and_then_gaps_widen_in_proportion_to_the_time() -> None:
    times = schedule(GROUP, 55.0)
    found = gaps(times)
    assert found[:5] == [pytest.approx(1.0)] * 5
    wide = [gap / at for at, gap in zip(times, found, strict=False) if gap > 1.1]
    assert len(wide) > 8
    assert max(wide) < 1.15 * min(wide)


@pytest.mark.parametrize(("calls", "seconds"), [(20, 60.0), (45, 60.0), (20, 20.0), (8, 60.0)])
def test_a_window_is_used_up_but_for_the_call_for_the_end(calls: int, seconds: float) -> None:
    assert calls - 2 <= len(schedule((Rate(calls, seconds),), 0.98 * seconds)) <= calls - 1


def test_what_others_have_used_is_spread_over_the_time_until_it_comes_back() -> None:
    times = schedule(GROUP, 45.0, spent=tuple(4 + n / 2 for n in range(15)))
    assert len(times) == 4
    assert all(after > before for before, after in pairwise(gaps(times)))
    assert times[1] <= 3
    assert 15 < times[-1] < 35


def test_in_a_long_answer_gaps_are_those_in_which_calls_come_back() -> None:
    found = gaps(schedule(GROUP, 1000.0))[-60:]
    assert sum(found) / len(found) == pytest.approx(60 / 19, rel=0.02)
    assert max(found) < 3 * min(found)


@given(st.floats(0, 1e4), st.lists(st.tuples(st.floats(-10, 100), st.floats(-30, 50)), max_size=20), st.floats(0.1, 5))
def test_a_gap_is_never_shorter_than_asked_nor_longer_than_any_wait_for_a_call(
    elapsed: float, supply: list[tuple[float, float]], shortest: float
) -> None:
    gap = pacer.gap(elapsed, supply, shortest)
    assert shortest <= gap <= max([shortest, *(seconds * (1 + 1e-6) for seconds, _ in supply)])


def test_the_mean_over_all_lengths_is_better_than_with_even_gaps() -> None:
    """Of the ratio to the clairvoyant's age, lengths by their logarithm: the claim of the module."""

    def ratio(times: list[float], length: float) -> float:
        shown = [0.0, *(at for at in times if at < length), length]
        best = max(length / 20, min(1.0, length))
        return sum(gap**2 for gap in gaps(shown)) / length / best

    lengths = [2 * 30 ** (step / 100) for step in range(101)]
    ours, even = schedule(GROUP, 60.0), [n * 60 / 19 for n in range(20)]
    mean = sum(ratio(ours, length) for length in lengths) / len(lengths)
    assert mean < 1.5
    assert mean < 0.8 * sum(ratio(even, length) for length in lengths) / len(lengths)
    assert max(ratio(ours, length) for length in lengths) < 1.5 * (1 + log(60 / 19) / 2)


def test_a_first_text_is_readable_or_has_waited_long_enough() -> None:
    limits = Limits(page=100, budget="x", rates=())
    assert pacer.readable("A sentence of some words", 0.0, limits)
    assert not pacer.readable("A", 0.1, limits)
    assert pacer.readable("A", limits.first, limits)
    assert not pacer.readable("  ", 9.0, limits)
