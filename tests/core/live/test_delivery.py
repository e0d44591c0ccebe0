"""One answer on one surface, on a virtual clock: what is shown, when, and what happens when the platform objects."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import Gone, Moved, PlatformError, Refused, TooFast, Unknown, Unreachable
from core.live import saving
from core.live.budget import Budgets
from core.live.delivery import Deleted, Delivery
from core.live.journal import Fenced
from core.live.screen import REST, Screen
from core.live.unfinished import visible
from core.surface import Limits, Rate
from core.types import Address
from tests.core.live.fakes import FakeJournal, FakeSurface, now
from tests.virtual import run

PRIVATE = Limits(page=4096, budget="private", rates=(Rate(20, 20.0),), interval=1.0)
GROUP = Limits(page=4096, budget="group", rates=(Rate(20, 60.0),), interval=3.0)
SENTENCE = "The quick brown fox jumps over the lazy dog."


def sentences(count: int) -> str:
    return " ".join([SENTENCE] * count)


@dataclass
class Stage:
    """A delivery with its surface and journal."""

    surface: FakeSurface = field(default_factory=FakeSurface)
    journal: FakeJournal = field(default_factory=FakeJournal)
    budgets: Budgets = field(default_factory=lambda: Budgets(now))
    moved_to: list[Address] = field(default_factory=list)

    def delivery(self, **options: Any) -> Delivery:
        return Delivery(self.surface, self.budgets, self.journal, reopen=self._reopen, nonce="a", **options)

    def _reopen(self, address: Address) -> FakeSurface:
        self.moved_to.append(address)
        return self.surface


async def say(delivery: Delivery, text: str, *, rate: float = 50.0, size: int = 4) -> float:
    """Feed `text` in pieces at `rate` pieces a second; returns when the last piece was fed."""
    for start in range(0, len(text), size):
        delivery.feed(text[start : start + size])
        await asyncio.sleep(1 / rate)
    delivery.finish()
    return now()


def play(stage: Stage, text: str, *, rate: float = 50.0, size: int = 4, **options: Any) -> tuple[float, float]:
    """Deliver a whole answer; when the last piece came, and when the complete text was on screen."""

    async def scene() -> tuple[float, float]:
        delivery = stage.delivery(**options)
        ended, _ = await asyncio.gather(say(delivery, text, rate=rate, size=size), delivery.run())
        return ended, now()

    result: tuple[float, float] = run(scene())
    return result


def test_text_appears_at_once_keeps_moving_and_is_complete_one_round_trip_after_the_end() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    text = sentences(40)
    ended, complete = play(stage, text)
    calls = stage.surface.calls
    assert stage.surface.text == text
    assert calls[0].at <= 0.3
    assert complete - ended <= stage.surface.round_trip + 0.03, stage.surface.timeline()
    gaps = [b.at - a.at for a, b in itertools.pairwise(calls)]
    assert max(gaps[:5]) <= 2.0
    assert stage.surface.most_in_flight == 1


def test_a_short_answer_is_one_message_and_no_edit() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, "Yes, it is.", rate=1000)
    assert [call.call for call in stage.surface.calls] == ["post"]


def test_first_text_waits_until_it_is_readable_but_never_longer_than_the_limit_says() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, "Hm." + SENTENCE, rate=2, size=3)
    assert stage.surface.calls[0].at == pytest.approx(PRIVATE.first, abs=0.02)


def test_the_reader_never_waits_for_a_slow_platform() -> None:
    stage = Stage(FakeSurface(PRIVATE, round_trip=5.0))
    ended, _ = play(stage, sentences(10))
    assert ended == pytest.approx(len(sentences(10)) / 4 / 50, abs=0.1)
    assert stage.surface.text == sentences(10)


def test_a_group_gets_at_most_its_calls_in_any_minute_and_the_final_text_at_once() -> None:
    stage = Stage(FakeSurface(GROUP))
    ended, complete = play(stage, sentences(200))
    times = [call.at for call in stage.surface.calls]
    for start in times:
        assert len([t for t in times if start <= t < start + 60]) <= 20
    assert complete - ended <= 0.15, stage.surface.timeline()


def test_fifteen_of_twenty_calls_used_already_does_not_hold_up_the_final_text() -> None:
    stage = Stage(FakeSurface(GROUP))

    async def scene() -> tuple[float, float]:
        budget = stage.budgets.of(GROUP)
        for _ in range(15):
            budget.spend()
        delivery = stage.delivery()
        ended, _ = await asyncio.gather(say(delivery, sentences(45)), delivery.run())
        return ended, now()

    ended, complete = run(scene())
    assert 9 < ended < 60
    assert complete - ended <= 0.15, stage.surface.timeline()
    assert len(stage.surface.calls) <= 5


def test_three_answers_in_one_group_share_its_budget_and_all_end_at_once() -> None:
    stages = [Stage(FakeSurface(GROUP)) for _ in range(3)]
    for stage in stages[1:]:
        stage.budgets = stages[0].budgets

    async def one(stage: Stage) -> float:
        delivery = stage.delivery()
        ended, _ = await asyncio.gather(say(delivery, sentences(60)), delivery.run())
        return now() - ended

    async def scene() -> list[float]:
        stages[0].budgets = Budgets(now)
        for stage in stages[1:]:
            stage.budgets = stages[0].budgets
        return list(await asyncio.gather(*(one(stage) for stage in stages)))

    late = run(scene())
    times = sorted(call.at for stage in stages for call in stage.surface.calls)
    assert all(len([t for t in times if start <= t < start + 60]) <= 20 for start in times)
    assert max(late) <= 0.15
    assert [stage.surface.text for stage in stages] == [sentences(60)] * 3


def test_a_long_answer_goes_on_in_further_messages() -> None:
    stage = Stage(FakeSurface(Limits(page=100, budget="x", rates=(Rate(100, 1.0),), interval=0.1)))
    text = sentences(10)
    play(stage, text)
    assert stage.surface.text == text
    assert all(len(page) <= 100 for page in stage.surface.screen.values())
    assert [page for page, _ in stage.journal.ids] == list(range(len(stage.surface.screen)))
    assert len(set(stage.surface.nonces)) == len(stage.surface.nonces)


@pytest.mark.parametrize("markdown", [False, True])
def test_no_half_markers_are_shown_wherever_markdown_is_drawn(markdown: bool) -> None:
    limits = Limits(page=100_000, budget="x", rates=(Rate(1000, 1.0),), interval=0.02, first=0.02, markdown=markdown)
    stage = Stage(FakeSurface(limits, round_trip=0.01))
    text = "It is **bold** and `code`, $x^2 + y$ too.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx = 1\n```\nEnd."
    play(stage, text, size=1)
    assert stage.surface.text == text
    assert len(stage.surface.screen) == 1
    shown = [call.text for call in stage.surface.calls]
    assert len(shown) > 30
    assert [each for each in shown if visible(each) != each] == []


def test_a_full_page_is_shown_at_once_and_does_not_wait_for_the_next_edit() -> None:
    limits = Limits(page=400, budget="x", rates=(Rate(10, 600.0),), interval=1.0)
    stage = Stage(FakeSurface(limits))
    play(stage, sentences(24), rate=5)
    full = next(call for call in stage.surface.calls if call.text == stage.surface.screen["m1"])
    assert full.at == pytest.approx(400 / 20, abs=1.0), stage.surface.timeline()
    assert stage.surface.text == sentences(24)


def test_an_answer_that_ends_just_after_a_page_is_complete_at_once_where_calls_are_scarce() -> None:
    limits = Limits(page=400, budget="x", rates=(Rate(8, 600.0),), interval=1.0)
    for count in range(8, 14):
        stage = Stage(FakeSurface(limits))
        ended, complete = play(stage, sentences(count), rate=5)
        assert stage.surface.text == sentences(count)
        assert complete - ended <= 3 * stage.surface.round_trip, stage.surface.timeline()


def test_the_calls_for_the_next_page_are_kept_in_time_also_when_the_answer_began_again() -> None:
    stage = Stage(FakeSurface(Limits(page=400, budget="x", rates=(Rate(1000, 60.0),), interval=4.0)))
    delivery = stage.delivery()

    async def scene() -> None:
        task = asyncio.create_task(delivery.run())
        for _ in range(60):
            delivery.feed("slow ")
            await asyncio.sleep(5.0)
        delivery.anew()
        while [share.ends for share in stage.budgets.of(stage.surface.limits)._shares] == [1]:
            delivery.feed("x")
            await asyncio.sleep(0.05)
        assert len(delivery._text) < 400
        delivery.finish()
        await task

    run(scene())


def test_a_platform_that_calls_pages_too_long_has_the_next_ones_calls_kept_earlier() -> None:
    screen = Screen(FakeSurface(Limits(page=400, budget="x", rates=())), posted=(), most=8)
    assert screen.ends("x" * 290, 0.0) == 1
    screen.shrink(0)
    assert screen.ends("x" * 290, 20.0) == 2


def test_what_goes_into_the_file_keeps_no_calls() -> None:
    stage = Stage(FakeSurface(Limits(page=100, budget="x", rates=(Rate(10, 60.0),), interval=0.1)))
    delivery = stage.delivery(most=2)

    async def scene() -> None:
        task = asyncio.create_task(delivery.run())
        delivery.feed(sentences(40))
        await asyncio.sleep(30)
        assert [share.ends for share in stage.budgets.of(stage.surface.limits)._shares] == [2]
        delivery.finish()
        await task

    run(scene())
    assert len(stage.surface.screen) == 3


def test_streaming_off_shows_the_answer_once_and_types_meanwhile() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, sentences(40), streaming=False)
    assert [call.call for call in stage.surface.calls] == ["post"]
    assert stage.surface.text == sentences(40)
    assert len(stage.surface.typed) >= 3


def test_typing_ends_with_the_first_text() -> None:
    stage = Stage(FakeSurface(PRIVATE))

    async def scene() -> None:
        delivery = stage.delivery()
        task = asyncio.create_task(delivery.run(4.0))
        await asyncio.sleep(10)
        await asyncio.gather(say(delivery, sentences(60)), task)

    run(scene())
    assert stage.surface.typed == [0.0, 4.0, 8.0]


@pytest.mark.parametrize("retry_after", [1.0, 30.0, 240.0, 1600.0])
@pytest.mark.parametrize("call", ["first", "middle", "final"])
def test_flood_control_delays_but_never_loses_or_doubles(call: str, retry_after: float) -> None:
    faults: dict[str, list[PlatformError | None]] = {
        "first": [TooFast(retry_after)],
        "middle": [None, None, TooFast(retry_after)],
        "final": [None, TooFast(retry_after)],
    }
    stage = Stage(FakeSurface(PRIVATE, faults=deque(faults[call])))
    text = sentences(2 if call == "final" else 40)
    play(stage, text)
    assert stage.surface.text == text
    assert len(stage.surface.screen) == 1
    refused = next(i for i, c in enumerate(stage.surface.calls) if i == len(faults[call]) - 1)
    after = stage.surface.calls[refused + 1]
    assert after.at - stage.surface.calls[refused].at >= retry_after
    assert len(stage.surface.calls) < 60


@pytest.mark.parametrize("applied", [True, False])
def test_an_edit_that_timed_out_is_made_again_with_the_latest_text(applied: bool) -> None:
    stage = Stage(
        FakeSurface(PRIVATE, applied=applied, faults=deque([None, Unknown(), Unreachable(), None, Unknown()]))
    )
    play(stage, sentences(40))
    assert stage.surface.text == sentences(40)
    assert len(stage.surface.screen) == 1


def test_a_post_is_tried_with_the_same_nonce_until_it_is_there() -> None:
    stage = Stage(FakeSurface(PRIVATE, faults=deque([Unreachable(), Unknown()])))
    play(stage, "Hello there, how are you today?")
    assert stage.surface.nonces == ["a-0"] * 3
    assert stage.surface.text == "Hello there, how are you today?"


def test_too_long_fills_pages_less() -> None:
    limits = Limits(page=100, budget="x", rates=(Rate(100, 1.0),), interval=0.1)
    stage = Stage(FakeSurface(limits, really=70))
    play(stage, sentences(10), most=99)
    assert stage.surface.text == sentences(10)
    assert all(len(text) <= 70 for text in stage.surface.screen.values())


def test_a_platform_that_calls_everything_too_long_is_given_up() -> None:
    stage = Stage(FakeSurface(PRIVATE, really=1))
    with pytest.raises(Refused):
        play(stage, SENTENCE)


def test_deleting_the_message_while_it_streams_means_stop() -> None:
    stage = Stage(FakeSurface(PRIVATE, faults=deque([None, Gone()])))
    with pytest.raises(Deleted):
        play(stage, sentences(40))


def test_a_message_deleted_while_the_bot_was_down_is_posted_anew() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, sentences(3), posted=("old",), before="The quick")
    assert stage.surface.text == sentences(3)
    assert stage.surface.nonces == ["a-0-1"]


def test_a_restart_edits_what_is_on_screen_only_once_it_has_more_to_say() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    stage.surface.screen["old"] = sentences(2)
    play(stage, sentences(20), posted=("old",), before=sentences(2))
    assert stage.surface.screen == {"old": sentences(20)}
    assert len(stage.surface.calls[0].text) > len(sentences(2))


def test_surplus_pages_of_an_earlier_try_are_deleted() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    stage.surface.screen.update(p1="one", p2="two", p3="three")
    play(stage, "Short after all.", posted=("p1", "p2", "p3"), before="one two three")
    assert stage.surface.screen == {"p1": "Short after all."}


def test_a_place_that_moved_is_followed() -> None:
    there = Address("telegram", "1", "-100")
    stage = Stage(FakeSurface(PRIVATE, faults=deque([Moved(there)])))
    play(stage, SENTENCE)
    assert stage.moved_to == [there]
    assert stage.surface.text == SENTENCE
    assert stage.budgets.of(PRIVATE).live == 0


def test_where_it_moved_is_written_down_before_anything_is_posted_there() -> None:
    there = Address("telegram", "1", "-100")
    stage = Stage(FakeSurface(PRIVATE, faults=deque([Moved(there)])))
    play(stage, SENTENCE)
    ((at, address),) = stage.journal.moves
    assert address == there
    assert [call.at < at for call in stage.surface.calls[:2]] == [True, False]


def test_who_was_fenced_off_follows_it_nowhere() -> None:
    there = Address("telegram", "1", "-100")
    slow = FakeSurface(PRIVATE, round_trip=1.0, faults=deque([Moved(there)]))
    stage = Stage(slow, FakeJournal(fenced=0.9))  # while it is under way
    with pytest.raises(Fenced):
        play(stage, SENTENCE)
    assert stage.moved_to == []


def test_a_refusal_is_for_the_caller() -> None:
    stage = Stage(FakeSurface(PRIVATE, faults=deque([Refused("blocked by the user")])))
    with pytest.raises(Refused):
        play(stage, SENTENCE)
    assert stage.budgets.of(PRIVATE).live == 0


def test_the_partial_text_is_written_down_about_once_a_second() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    ended, _ = play(stage, sentences(40))
    assert ended - 2 <= len(stage.journal.saved) <= ended + 2
    assert all(b.startswith(a) for a, b in zip(stage.journal.saved, stage.journal.saved[1:], strict=False))


def test_a_long_text_is_written_down_more_seldom_and_none_is_written_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "PER_SECOND", 500)
    stage = Stage(FakeSurface(PRIVATE))
    text = sentences(300)
    ended, _ = play(stage, text)
    saved, at = stage.journal.saved, stage.journal.saved_at
    assert sum(map(len, saved)) < 500 * ended + len(text)
    pauses = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert min(pauses) < 1.1
    assert 5 < max(pauses) < 1.1 + len(text) / 500
    assert len(set(saved)) == len(saved)
    assert len(stage.journal.calls) == len(stage.surface.calls)  # which are written down in between


def test_cancelling_lets_the_call_in_flight_end_and_remembers_its_message() -> None:
    stage = Stage(FakeSurface(PRIVATE, round_trip=3.0))

    async def scene() -> None:
        delivery = stage.delivery()
        task = asyncio.create_task(delivery.run())
        delivery.feed(SENTENCE)
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scene())
    assert stage.journal.ids == [(0, "m1")]


def test_nothing_is_posted_for_blank_text() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, "  \n ")
    assert stage.surface.calls == []


def test_the_end_is_a_call_of_its_own_where_the_platform_marks_it() -> None:
    stage = Stage(FakeSurface(Limits(page=9999, budget="p", rates=(), interval=0.05, marks_end=True)))

    async def scene() -> None:
        delivery = stage.delivery()
        task = asyncio.create_task(delivery.run())
        delivery.feed(SENTENCE)
        await asyncio.sleep(2)
        delivery.finish()
        await task

    run(scene())
    assert [call.call for call in stage.surface.calls] == ["post", "edit"]


def test_every_call_is_written_down_with_its_time() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, sentences(40))
    assert stage.journal.calls == pytest.approx([call.at for call in stage.surface.calls])


def test_a_very_long_answer_ends_with_the_whole_of_it_as_a_file() -> None:
    stage = Stage(FakeSurface(Limits(page=100, budget="x", rates=(Rate(100, 1.0),), interval=0.1)))
    play(stage, sentences(20), rate=500, most=3)
    texts = list(stage.surface.screen.values())
    assert len(texts) == 4
    assert " ".join(texts[:3]) == sentences(20)[: len(" ".join(texts[:3]))]
    assert texts[3] == REST
    (file,) = stage.surface.files["m4"]
    assert file.content.decode() == sentences(20)


def test_a_message_with_a_file_is_tried_until_it_is_there_and_not_edited_after_a_restart() -> None:
    limits = Limits(page=100, budget="x", rates=(Rate(100, 1.0),), interval=0.1)
    stage = Stage(FakeSurface(limits))
    stage.surface.screen.update(p1="old")
    stage.surface.faults.extend([None, None, None, TooFast(30), Unreachable()])
    play(stage, sentences(20), rate=5000, most=3, posted=("p1",), before="old")
    assert [REST in text for text in stage.surface.screen.values()] == [False, False, False, True]


def test_an_answer_that_somebody_else_has_taken_over_ends_at_once() -> None:
    stage = Stage(FakeSurface(PRIVATE))

    async def fenced(text: str | None, calls: list[float]) -> None:
        raise Fenced

    stage.journal.progress = fenced  # type: ignore[method-assign]
    with pytest.raises(Fenced):
        play(stage, sentences(40))
    assert len(stage.surface.calls) <= 2


def test_a_disk_that_is_full_does_not_end_the_answer() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    broken = iter([OSError("disk full")] * 3)
    write = stage.journal.progress

    async def failing(text: str | None, calls: list[float]) -> None:
        if error := next(broken, None):
            raise error
        await write(text, calls)

    stage.journal.progress = failing  # type: ignore[method-assign]
    play(stage, sentences(40))
    assert stage.surface.text == sentences(40)


def test_posts_that_may_each_have_been_applied_end_after_four() -> None:
    stage = Stage(FakeSurface(PRIVATE, faults=deque([Unknown()] * 9)))
    with pytest.raises(Refused):
        play(stage, SENTENCE)
    assert len(stage.surface.nonces) == 4


@pytest.mark.parametrize("began", [0.0, 0.5, 3.0])
def test_an_outage_of_the_platform_costs_neither_the_answer_nor_copies_of_it(began: float) -> None:
    stage = Stage(FakeSurface(PRIVATE, outage=(began, 3600.0)))
    play(stage, sentences(40))
    assert list(stage.surface.screen.values()) == [sentences(40)]
    assert len(stage.surface.nonces) <= 2
    assert stage.surface.calls[-1].at < 3600 + 31


def test_where_a_nonce_is_posted_once_posting_is_tried_for_as_long_as_it_takes() -> None:
    stage = Stage(FakeSurface(PRIVATE, once=True, faults=deque([Unknown()] * 9)))
    play(stage, SENTENCE)
    assert stage.surface.nonces == ["a-0"] * 10
    assert list(stage.surface.screen.values()) == [SENTENCE]


def test_pages_behind_a_lost_one_do_not_stay_as_doubles() -> None:
    stage = Stage(FakeSurface(Limits(page=100, budget="x", rates=(Rate(100, 1.0),), interval=0.1)))
    stage.surface.screen.update(a="one", c="three")  # b was deleted while nobody looked
    play(stage, sentences(6), posted=("a", "b", "c"), before="x")
    assert stage.surface.text == sentences(6)
    assert "c" not in stage.surface.screen


def test_an_answer_can_be_cut_where_its_screen_ends() -> None:
    stage = Stage(FakeSurface(Limits(page=100, budget="x", rates=(Rate(2, 10.0),), interval=0.1)))

    async def scene() -> None:
        delivery = stage.delivery()
        delivery.feed(sentences(20))
        delivery.finish()
        showing = asyncio.create_task(delivery.run())
        await asyncio.sleep(15)
        delivery.cut()
        await showing

    run(scene())
    assert 0 < len(stage.surface.text) < 500
    assert sentences(20).startswith(stage.surface.text)


def test_nothing_is_typed_while_the_platform_asks_to_wait() -> None:
    stage = Stage(FakeSurface(PRIVATE, faults=deque([TooFast(60)])))
    play(stage, SENTENCE)
    assert len(stage.surface.typed) <= 2


def test_a_process_that_was_frozen_and_is_fenced_shows_nothing_more() -> None:
    """Nor does it post, edit or delete, however much it has still to say: another shows the answer now."""
    stage = Stage(FakeSurface(PRIVATE), FakeJournal(fenced=2.0))
    with pytest.raises(Fenced):
        play(stage, sentences(40))
    assert stage.surface.calls
    assert max(call.at for call in stage.surface.calls) < 2.0
