"""The measure itself: ages of timelines made by hand, and places that refuse."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import TooFast
from core.surface import Rate
from tests.bench import chinwag
from tests.bench.place import Ages, Answer, Bucket, Guard, Talk, Window, ages, run, words

LIMITS = chinwag.private("1", "1")


def talk(seconds: float, guard: Guard | None = None, trip: float = 0.1) -> Talk:
    return Talk(Answer(0.0, seconds), [guard or Guard()], trip, LIMITS)


def test_the_age_of_a_timeline_made_by_hand() -> None:
    one = talk(2.0)
    one.shown = [(0.5, 20), (1.5, 60), (2.25, 101)]  # tokens 20 and 60 were generated at 0.4 and 1.2 s
    one.complete = 2.25
    area = 0.5**2 / 2 + (1.1**2 - 0.1**2) / 2 + (0.8**2 - 0.3**2) / 2
    assert ages(one) == Ages(0.5, pytest.approx(area / 2.0), pytest.approx(1.1), pytest.approx(0.25))


def test_an_answer_that_never_appears_is_as_old_as_its_first_word() -> None:
    assert ages(talk(4.0)) == Ages(None, pytest.approx(2.0), 4.0, None)


def test_a_placeholder_is_no_text_and_pages_are_one_text() -> None:
    async def say() -> Talk:
        one = talk(2.0)
        await one.say("...")
        await one.say(words(40))
        await one.say(words(101)[160:], "second page")
        return one

    one = run(say())
    assert [tokens for _, tokens in one.shown] == [0, 40, 101]
    assert one.complete == pytest.approx(0.3)


def test_a_text_that_stands_there_twice_is_not_complete() -> None:
    async def say() -> Talk:
        one = talk(2.0)
        await one.say(words(101))
        await one.say(words(101), "again")
        return one

    assert run(say()).complete is None


def test_text_is_said_token_by_token() -> None:
    async def listen() -> list[str]:
        answer = Answer(1.0, 0.1)
        heard = [answer.text(), await answer.reaches(4), answer.text(), await answer.reaches(9)]
        await asyncio.sleep(9)
        return [*heard, answer.text()]

    assert run(listen()) == ["", "aaa ", "aaa ", "aaa aab a", words(6)]


def test_a_window_refuses_what_is_over_it_and_says_for_how_long() -> None:
    guard = Guard([Window(Rate(2, 10.0))])
    for at in (0.0, 4.0):
        assert guard.wait(at) == 0
        guard.count(at)
    assert guard.wait(8.5) == 2  # whole seconds, as Telegram's
    assert guard.wait(9.0) == 2  # and asking again makes nobody wait longer
    assert guard.wait(10.5) == 0


def test_a_bucket_gives_back_slowly() -> None:
    bucket = Bucket(2, 0.5)
    for at in (0.0, 0.0):
        assert bucket.wait(at) == 0
        bucket.count(at)
    assert bucket.wait(1.0) == pytest.approx(1.0, abs=1e-3)
    assert bucket.wait(2.0) == 0


def test_a_planned_refusal_holds_up_its_place_until_it_is_over() -> None:
    async def say() -> list[float]:
        one, waits = talk(2.0, Guard(plan=[(1.0, 30.0)])), []
        for moment in (0.0, 1.0, 5.0, 40.0):
            await asyncio.sleep(moment - asyncio.get_running_loop().time())
            try:
                await one.say("a")
                waits.append(0.0)
            except TooFast as error:
                waits.append(error.retry_after)
        return waits

    assert run(say()) == [0.0, 30.0, 26.0, 0.0]
