"""The timeline: its figures by hand, and one short run of the whole house."""

from __future__ import annotations

import pytest

from tests.bench.timeline import PLACES, Call, measured, shown, timeline

WORDS = ["aaa", "aab", "aac", "aad"]
SAID = [0.0, 1.0, 2.0, 3.0]


def call(at: float, text: str, *, refused: bool = False) -> Call:
    return Call(at - 0.1, at, "edit", "1", text, refused)


def test_the_age_is_that_of_the_oldest_token_which_is_not_on_screen() -> None:
    calls = [
        call(0.5, "aaa"),
        call(1.5, "aaa aab", refused=True),
        call(2.5, "aaa aab aac"),
        call(3.5, "aaa aab aac aad"),
    ]
    one = timeline("here", WORDS, SAID, calls)
    assert [(step.before, step.after) for step in one.steps] == [(0.5, 0), (0.5, 0.5), (1.5, 0), (0.5, 0)]
    assert (one.first, one.worst, one.tail, one.refused) == (0.5, 1.5, 0.5, 1)
    assert one.mean == pytest.approx((0.5**2 / 2 + 1.5**2 / 2) / 3)


def test_a_token_may_be_on_screen_before_it_is_known_when_it_was_sent() -> None:
    calls = [call(1.5, "aaa aab"), call(2.9, "aaa aab aac aad")]
    assert timeline("here", WORDS, SAID, calls).mean == pytest.approx((1.5**2 / 2 + 0.9**2 / 2) / 3)


def test_a_screen_that_shows_what_was_not_said_is_no_timeline() -> None:
    with pytest.raises(AssertionError):
        timeline("here", WORDS, SAID, [call(0.5, "aaa aac")])


async def test_every_answer_of_the_house_arrives_whole() -> None:
    found = await measured(seconds=1.5)
    assert [one.place for one in found] == list(PLACES.values())
    assert all(one.tail is not None and one.refused == 0 for one in found)
    assert len(shown(found).splitlines()) > 5 * 4
