"""Copies that unanswered posts have left: found with calls that nobody else needs, deleted, and never anything else."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from core.errors import PlatformError, Refused, TooFast, Unknown
from core.live.doubts import BESIDE, LAST, MOST
from core.live.journal import Fenced
from core.observe import metrics
from core.surface import Doubt, Limits, Out, Rate, Rendered
from tests.core.live.fakes import FakeJournal, FakeSurface
from tests.core.live.test_delivery import PRIVATE, SENTENCE, Stage, play, sentences
from tests.virtual import run

GROUP = Limits(page=4096, budget="group", rates=(Rate(20, 61.0),))


def stage(limits: Limits = PRIVATE, *faults: Any, suspects: int = 0, **options: Any) -> Stage:
    """The first post is applied and not answered; then so many strangers' messages are suspected before its copy."""
    surface = FakeSurface(limits, applied=True, faults=deque([Unknown(), *faults]), **options)
    surface.suspected = [f"x{number}" for number in range(suspects)] + ["m1"]
    surface.screen.update({f"x{number}": "hands off" for number in range(suspects)})
    return Stage(surface)


def calls(stage: Stage, *kinds: str) -> list[tuple[str, str]]:
    return [(call.call, call.id) for call in stage.surface.calls if call.call in kinds]


def orphans() -> float:
    return metrics.ORPHANS._value.get()


def test_a_copy_that_is_found_before_the_post_is_made_again_is_the_page() -> None:
    on = stage()
    play(on, sentences(20))
    assert on.surface.screen == {"m1": sentences(20)}
    assert calls(on, "post", "ask", "delete") == [("post", "m1"), ("ask", "m1")]
    assert on.journal.ids == [(0, "m1")]
    assert on.journal.over == [1]


def test_a_copy_that_is_found_later_is_deleted_beside_the_answer() -> None:
    on = stage()
    on.surface.suspected = []

    async def scene() -> None:
        async def tell() -> None:
            while len(on.surface.nonces) < 2:
                await asyncio.sleep(0.05)
            on.surface.suspected = ["m1"]

        telling = asyncio.create_task(tell())
        delivery = on.delivery()
        showing = asyncio.create_task(delivery.run())
        for word in sentences(20).split(" "):
            delivery.feed(f"{word} ")
            await asyncio.sleep(0.1)
        delivery.finish(sentences(20))
        await asyncio.gather(showing, telling)

    run(scene())
    assert on.surface.screen == {"m2": sentences(20)}
    deleted = next(call.at for call in on.surface.calls if call.call == "delete")
    assert deleted < on.surface.calls[-1].at - 5.0, on.surface.timeline()
    assert sorted(on.journal.over) == [1, 2]


@pytest.mark.parametrize("limits", [PRIVATE, GROUP])
def test_looking_neither_delays_the_end_nor_passes_the_limit(limits: Limits) -> None:
    on, plain = stage(limits, suspects=30), Stage(FakeSurface(limits, faults=deque([Unknown()])))
    _, complete = play(on, sentences(60))
    play(plain, sentences(60))
    shown = [call.at for call in on.surface.calls if call.text == sentences(60)]
    wanted = [call.at for call in plain.surface.calls if call.text == sentences(60)]
    assert shown[-1] <= wanted[-1] + 0.2, on.surface.timeline()
    assert complete < shown[-1] + LAST + 0.2
    times = [call.at for call in on.surface.calls]
    for rate in limits.rates:
        assert all(len([t for t in times if at <= t < at + rate.seconds]) <= rate.calls for at in times)
    edits = [len([call for call in each.surface.calls if call.call == "edit"]) for each in (on, plain)]
    assert edits[0] >= edits[1] - BESIDE, edits
    assert len(calls(on, "ask")) <= 2 * BESIDE + MOST


def test_what_is_not_the_copy_stays_and_is_not_asked_about_twice() -> None:
    on = stage(suspects=BESIDE)
    play(on, sentences(40))
    others = [f"x{number}" for number in range(BESIDE)]
    assert [on.surface.screen[id] for id in others] == ["hands off"] * BESIDE
    asked = calls(on, "ask")
    assert len(asked) == len(set(asked)) == BESIDE + 1
    assert on.surface.screen.keys() == {*others, "m2"}


def test_messages_of_other_answers_are_not_asked_about() -> None:
    on = stage(suspects=3)
    on.journal.others = {"x0", "x2"}
    play(on, sentences(40))
    assert calls(on, "ask") == [("ask", "x1"), ("ask", "m1")]


def test_while_it_cannot_be_told_what_is_suspect_nothing_is_asked() -> None:
    on = stage()
    on.surface.suspected = None
    play(on, SENTENCE)
    assert calls(on, "ask") == []
    assert on.journal.over == [2]


def lane_held(on: Stage, text: str, **options: Any) -> float:
    """Seconds from the last call that shows something to the end of `run`."""
    _, over = play(on, text, **options)
    return over - max(call.at + on.surface.round_trip for call in on.surface.calls if call.call in ("post", "edit"))


OLD = Doubt(Out(Rendered("an old copy", 11)), "earlier", 11)


def test_a_complete_answer_does_not_wait_while_it_cannot_be_told_what_is_suspect() -> None:
    """Another post of the chat hangs, for half a minute perhaps. What is inherited is left to the next answer."""
    on = stage()
    on.surface.suspected = None
    assert lane_held(on, sentences(20), doubts=(OLD,)) < 0.05
    assert 11 not in on.journal.over


def test_a_complete_answer_does_not_wait_for_a_question_that_hangs() -> None:
    on = Stage(FakeSurface(PRIVATE))
    on.surface.suspected = ["x"]
    asked = on.surface.left_by

    async def hang(id: str, doubts: Any) -> Any:
        await asyncio.sleep(10)
        return await asked(id, doubts)

    on.surface.left_by = hang  # type: ignore[method-assign]
    assert lane_held(on, SENTENCE, doubts=(OLD,)) <= LAST + 0.05
    assert 11 not in on.journal.over


def test_a_place_that_takes_no_more_calls_does_not_hold_up_what_comes_next() -> None:
    on = Stage(FakeSurface(replace(PRIVATE, rates=(Rate(3, 4.0),))))
    on.surface.suspected = [f"x{number}" for number in range(9)]
    assert lane_held(on, SENTENCE, doubts=(OLD,)) <= LAST + 0.05


def test_each_call_of_a_question_is_counted_and_the_message_is_left_as_it_was() -> None:
    notices = {f"x{number}" for number in range(30)}
    on = stage(GROUP, suspects=30, notices=notices)
    play(on, sentences(60))
    times = [call.at for call in on.surface.calls]
    assert all(len([t for t in times if at <= t < at + 61.0]) <= 20 for at in times), on.surface.timeline()
    assert len(calls(on, "ask")) <= 2 * BESIDE + MOST
    assert len(on.surface.marks) <= 1
    assert len(calls(on, "ask")) >= BESIDE


def test_a_mark_that_a_search_could_not_take_away_goes_with_the_next_possible_call() -> None:
    on = Stage(FakeSurface(PRIVATE, notices={"x"}))
    on.surface.suspected = ["x"]
    asked = on.surface.left_by

    async def fail_later(id: str, doubts: Any) -> Any:
        if on.surface.marks:
            raise Refused
        return await asked(id, doubts)

    on.surface.left_by = fail_later  # type: ignore[method-assign]
    play(on, SENTENCE, doubts=(OLD,))
    assert on.surface.marks == ["x"]
    later = Stage(FakeSurface(PRIVATE, marks=on.surface.marks))
    play(later, SENTENCE)  # nothing is in doubt any more
    assert later.surface.marks == []
    assert calls(later, "ask") == [("ask", "x")]


def test_being_asked_to_wait_ends_the_search_of_the_place_and_no_answer_waits() -> None:
    on = Stage(FakeSurface(PRIVATE))
    on.surface.suspected = ["x"]
    refused: list[float] = []

    async def refuse(id: str, doubts: Any) -> Any:
        refused.append(asyncio.get_running_loop().time())
        raise TooFast(30)

    on.surface.left_by = refuse  # type: ignore[method-assign]
    ended, over = play(on, sentences(20), doubts=(OLD,))
    assert len(refused) == 1
    assert over <= ended + 0.2, on.surface.timeline()
    assert len(calls(on, "edit")) >= 3
    assert 11 not in on.journal.over


@pytest.mark.parametrize("error", [TooFast(3), Unknown(), Refused()])
def test_what_fails_while_looking_is_tried_again(error: PlatformError) -> None:
    on = stage(PRIVATE, error)
    play(on, sentences(40))
    assert list(on.surface.screen.values()) == [sentences(40)]
    assert len(calls(on, "ask")) == 2


def test_where_a_nonce_is_posted_once_nothing_is_written_down() -> None:
    on = Stage(FakeSurface(PRIVATE, once=True, faults=deque([Unknown()])))
    play(on, SENTENCE)
    assert on.journal.doubts == []
    assert calls(on, "ask") == []


@pytest.mark.parametrize("error", [TooFast(1), Refused()])
def test_a_post_that_was_refused_leaves_no_doubt(error: PlatformError) -> None:
    on = Stage(FakeSurface(PRIVATE, faults=deque([error])))
    if isinstance(error, Refused):
        with pytest.raises(Refused):
            play(on, SENTENCE)
    else:
        play(on, SENTENCE)
    assert on.journal.over == [doubt.number for doubt in on.journal.doubts]


def test_each_try_is_written_down_as_it_was_sent_and_what_it_follows() -> None:
    on = Stage(FakeSurface(Limits(page=100, budget="x", rates=(Rate(100, 1.0),), interval=0.1)))
    play(on, sentences(4), question="q")
    assert [(doubt.out.page, doubt.after) for doubt in on.journal.doubts] == [(0, "q"), (1, "m1")]
    assert on.journal.over == [1, 2]


def test_what_earlier_answers_left_is_deleted_or_given_up_and_counted() -> None:
    def of(text: str, number: int) -> Doubt:
        return Doubt(Out(Rendered(text, len(text))), "earlier", number)

    before = orphans()
    on = Stage(FakeSurface(PRIVATE))
    on.surface.screen.update(old="an old copy", other="somebody else's")
    on.surface.suspected = ["old", "other"]
    play(on, SENTENCE, doubts=(of("an old copy", 11), of("never applied", 12)))
    assert set(on.surface.screen) == {"m1", "other"}
    assert {11, 12} <= set(on.journal.over)
    assert orphans() == before
    on = Stage(FakeSurface(PRIVATE))
    on.surface.suspected = [f"x{number}" for number in range(99)]
    play(on, SENTENCE, doubts=(of("an old copy", 11),))
    assert on.journal.over == [1, 11]
    assert orphans() == before + 1


def test_a_copy_that_cannot_be_deleted_is_left_to_the_next_answer() -> None:
    on = stage()
    on.surface.suspected = []

    async def fail(id: str) -> None:
        raise Refused

    on.surface.delete = fail  # type: ignore[method-assign]

    async def scene() -> None:
        delivery = on.delivery()
        delivery.feed(SENTENCE)
        showing = asyncio.create_task(delivery.run())
        while len(on.surface.nonces) < 2:
            await asyncio.sleep(0.05)
        on.surface.suspected = ["m1"]
        delivery.finish()
        await showing

    run(scene())
    assert on.journal.over == [2]


def test_a_process_that_lost_its_lease_asks_nothing() -> None:
    on = stage()
    play(on, sentences(40))
    post, ask = on.surface.calls[0], on.surface.calls[1]
    assert (post.call, ask.call) == ("post", "ask")
    late = stage()
    late.journal = FakeJournal(fenced=(post.at + ask.at) / 2)
    with pytest.raises(Fenced):
        play(late, sentences(40))
    assert [call.call for call in late.surface.calls] == ["post"]


def test_a_copy_that_is_found_last_is_deleted_too() -> None:
    on = Stage(FakeSurface(PRIVATE))
    on.surface.screen["old"] = "an old copy"
    on.surface.suspected = [f"x{number}" for number in range(BESIDE + MOST - 1)] + ["old"]
    play(on, sentences(20), doubts=(Doubt(Out(Rendered("an old copy", 11)), "earlier", 11),))
    assert len(calls(on, "ask")) == BESIDE + MOST, on.surface.timeline()
    assert list(on.surface.screen) == ["m1"]
