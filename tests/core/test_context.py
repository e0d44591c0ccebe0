"""Which turns the model is sent: whole ones, the newest, and a beginning that stays the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from core.context import KEPT, Window, cost, fitting, prompt, shorter, surplus, tokens
from core.errors import ContextTooLong
from core.model.continued import GOES_ON
from core.types import Address, Author, Incoming, Session, SessionKey, Turn

ADDRESS = Address("telegram", "7", "5")
AUTHOR = Author("telegram", "5", "Bo")
SUNDAY = date(2026, 11, 22)


def session(**changes: object) -> Session:
    key = SessionKey.of(ADDRESS, AUTHOR)
    fields = {"title": "", "role": "assistant", "role_prompt": "", "language": "", "streaming": True}
    return Session(**{"id": "s", "key": key, "created": 0.0, "updated": 0.0, **fields, **changes})  # type: ignore[arg-type]


def turn(seq: int, question: str = "why?", answer: str = "because", state: str = "done") -> Turn:
    return Turn("s", seq, "Bo", question, answer, state, False, 0.0)


def sent(before: list[Turn], window: Window, most: int | None = None, **changes: object) -> list[str]:
    asked = Incoming("e", ADDRESS, AUTHOR, "and now?")
    messages = prompt(
        asked, session(**changes), turn(999, "and now?", "", "open"), before, window=window, most=most, today=SUNDAY
    )
    return [f"{message.type}: {message.content}" for message in messages]


def test_the_newest_whole_turns_that_fit_are_sent() -> None:
    turns = [turn(1, "a" * 400), turn(2, "b" * 400), turn(3, "c")]
    assert [t.seq for t in fitting(turns, Window(9, 200))] == [2, 3]
    assert [t.seq for t in fitting(turns, Window(1, 200))] == [3]


def test_only_a_newest_turn_that_is_too_long_alone_is_shortened() -> None:
    (kept,) = fitting([turn(1, "why?", "begin " + "x" * 8000 + " end")], Window(9, 300))
    assert cost(kept) <= 300
    assert kept.answer.startswith("begin")
    assert kept.answer.endswith("end")


def test_a_question_too_long_for_the_model_is_refused() -> None:
    with pytest.raises(ContextTooLong):
        sent([], Window(9, 300), most=20)


def test_what_was_said_earlier_stands_behind_the_role_and_is_never_a_template() -> None:
    system, *rest = sent([turn(8)], Window(9, 300), summary="Bo likes {braces}.")
    assert system.endswith("in short:\nBo likes {braces}.")
    assert rest == ["human: why?", "ai: because", "human: and now?"]


def test_without_a_summary_nothing_is_said_of_one() -> None:
    assert "earlier" not in sent([], Window(9, 300))[0]


def test_nothing_goes_while_all_fits() -> None:
    assert surplus([turn(n) for n in range(10)], Window(10, 1000)) == 0
    assert surplus([], Window(1, 256)) == 0


def test_half_of_the_window_goes_at_once() -> None:
    assert surplus([turn(n) for n in range(11)], Window(10, 9000)) == 6
    assert surplus([turn(n) for n in range(10)], Window(10, 9000), above=0.9) == 5
    long = [turn(n, "x" * 400) for n in range(4)]  # 110 tokens each
    assert surplus(long, Window(10, 430)) == 3


@given(st.lists(st.integers(0, 3000), max_size=40), st.integers(1, 20), st.integers(256, 4000))
def test_after_a_cut_the_newest_turn_is_there_and_the_rest_fits_half(sizes: list[int], rounds: int, most: int) -> None:
    window, turns = Window(rounds, most), [turn(n, "x" * size) for n, size in enumerate(sizes)]
    gone = surplus(turns, window)
    kept = turns[gone:]
    assert bool(kept) == bool(turns)
    if gone and len(kept) > 1:
        assert len(kept) <= KEPT * rounds
        assert sum(map(cost, kept)) <= KEPT * most
    if not gone:
        assert fitting(turns, window) == turns or len(turns) == 1


def shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def share_reused(start: Callable[[list[Turn], int, Window], int]) -> float:
    """The part of all that is sent in 200 rounds that stood at the beginning of the prompt before, too."""
    window, turns, first, last, reused, total = Window(20, 6000), [], 0, "", 0, 0
    for n in range(200):
        first = start(turns, first, window)
        now = "\n".join(sent(turns[first:], window))
        reused, total, last = reused + shared(last, now), total + len(now), now
        turns.append(turn(n, f"question {n} " + "q" * 100, "a" * 500))
    return reused / total


def test_endpoints_can_reuse_nearly_all_that_they_have_read() -> None:
    halved = share_reused(lambda turns, first, window: first + surplus(turns[first:], window))
    sliding = share_reused(lambda turns, first, window: max(len(turns) - window.rounds, 0))
    assert halved > 0.85
    assert sliding < 0.35


@pytest.mark.parametrize("system", [0, 1])
@pytest.mark.parametrize("rounds", [0, 1, 2, 5])
@pytest.mark.parametrize("going_on", [False, True])
def test_a_prompt_is_made_shorter_from_its_oldest_end(system: int, rounds: int, going_on: bool) -> None:
    history = [kind(f"{n}") for n in range(rounds) for kind in (HumanMessage, AIMessage)]
    go_on = HumanMessage("Go on.", additional_kwargs={GOES_ON: True})
    tail = [HumanMessage("Why?"), *([AIMessage("Since"), go_on] if going_on else [])]
    messages: list[BaseMessage] | None = [*[SystemMessage("s")] * system, *history, *tail]
    lengths = []
    while messages is not None:
        lengths.append(len(messages))
        assert messages[system:][0].type == "human"
        assert messages[-len(tail) :] == tail
        messages = shorter(messages)
    assert lengths == sorted(set(lengths), reverse=True)
    assert lengths[-1] == system + len(tail)


def test_tokens_are_counted_in_bytes() -> None:
    assert tokens("abcd" * 10) - tokens("") == 10
    assert tokens("字" * 4) - tokens("") == 3
