"""Thoughts are told apart from the answer, wherever the pieces are cut."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.model.thoughts import LATER, Habit, Tags, of_details, thought
from core.types import Delta


def split(pieces: Iterable[str], *, thinks: bool = False, cut: bool = False) -> tuple[str, str]:
    """The thoughts and the text that come out of these pieces."""
    tags, thoughts, said = Tags(thinks=thinks), "", ""
    for piece in pieces:
        for delta in [Delta(piece)] if tags.over else tags.feed(piece):
            thoughts, said = ("", "") if delta.anew else (thoughts, said)
            thoughts, said = thoughts + delta.thought, said + delta.text
    for delta in tags.end(cut=cut):
        thoughts, said = ("", "") if delta.anew else (thoughts, said)
        thoughts, said = thoughts + delta.thought, said + delta.text
    return thoughts, said


def cuts(text: str, at: Iterable[int]) -> list[str]:
    """The text cut at these places."""
    edges = [0, *sorted({place % (len(text) + 1) for place in at}), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


TEXTS = [
    ("<think>hm</think>Hello", "hm", "Hello"),
    ("\n<think>\nhm, a < b\n</think>\n\nHello", "hm, a < b", "Hello"),
    ("<thinking>hm</thinking> Hello", "hm", "Hello"),
    ("<think>\n\n</think>\n\nHello", "", "Hello"),
    ("<think>never ends", "never ends", ""),
    ("<think>half a </thi", "half a </thi", ""),
    ("Hello <think>x</think>", "", "Hello <think>x</think>"),
    ("<thinker>", "", "<thinker>"),
    ("<thi", "", "<thi"),
    ("Hello", "", "Hello"),
    ("[THINK]hm[/THINK]Hello", "hm", "Hello"),
    ("\n\n</think>\n\nHello", "", "Hello"),
    ("</think>Hello", "", "Hello"),
    ("</think>\n", "", "</think>\n"),
    # Of an endpoint that is not known for it.
    ("A line\n</think>\n\nHello", "", "A line\n</think>\n\nHello"),
    ("A line.</think>Hello", "", "A line.</think>Hello"),
    ("Write `</think>` there", "", "Write `</think>` there"),
    ("The </think> tag ends it", "", "The </think> tag ends it"),
    ("```xml\n</think>\n```\nis code", "", "```xml\n</think>\n```\nis code"),
    ("Between <think> and\n</think> it thinks", "", "Between <think> and\n</think> it thinks"),
    (" \nHello", "", " \nHello"),
    (" \n", "", " \n"),
    ("", "", ""),
]


KNOWN = [  # the chat template has the opening tag in the prompt
    ("hm, a < b\n</think>\n\nHello", "hm, a < b", "Hello"),
    ("hm.</think>Hello", "hm.", "Hello"),
    ("\n\n</think>\n\nHello", "", "Hello"),
    ("</think>Hello", "", "Hello"),
    ("```\ncode\n```\n</think>\nHello", "```\ncode\n```", "Hello"),
    ("hm\n</think>\n\nDone: the </think> tag", "hm", "Done: the </think> tag"),
    ("<think>hm</think>Hello", "hm", "Hello"),
    ("An ordinary answer.\n\nOf two lines.", "", "An ordinary answer.\n\nOf two lines."),
    (" \n", "", " \n"),
]


@pytest.mark.parametrize(("text", "thoughts", "said"), KNOWN)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("cut", [False, True])
def test_tags_of_an_endpoint_that_is_known_for_them(
    text: str, thoughts: str, said: str, size: int, *, cut: bool
) -> None:
    found = split((text[at : at + size] for at in range(0, len(text), size)), thinks=True, cut=cut)
    assert (found[0].strip(), found[1]) == (thoughts, said)


@pytest.mark.parametrize(("text", "thoughts", "said"), TEXTS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_tags(text: str, thoughts: str, said: str, size: int) -> None:
    found = split(text[at : at + size] for at in range(0, len(text), size))
    assert (found[0].strip(), found[1]) == (thoughts, said)


@given(
    st.sampled_from([text for text, _, _ in (*TEXTS, *KNOWN)]),
    st.lists(st.integers(0, 60), max_size=8),
    st.booleans(),
    st.booleans(),
)
def test_it_does_not_matter_where_the_pieces_are_cut(text: str, at: list[int], thinks: bool, cut: bool) -> None:
    whole, found = split([text], thinks=thinks, cut=cut), split(cuts(text, at), thinks=thinks, cut=cut)
    assert (found[0].strip(), found[1]) == (whole[0].strip(), whole[1])


@given(st.text(st.sampled_from("ab<>/ \n`think"), max_size=40), st.lists(st.integers(0, 60), max_size=8), st.booleans())
def test_nor_in_any_other_text(text: str, at: list[int], thinks: bool) -> None:
    for whole in (text, f"{text}</think>{text}"):
        one, many = split([whole], thinks=thinks), split(cuts(whole, at), thinks=thinks)
        assert (many[0].strip(), many[1]) == (one[0].strip(), one[1])


def test_a_model_that_is_known_to_think_shows_no_thoughts_as_text() -> None:
    tags = Tags(thinks=True)
    assert tags.feed("hm") == [Delta(thought="hm")]
    assert tags.feed("\n</think>\n\nHello") == [Delta("Hello")]
    assert (tags.over, tags.thinks) == (True, True)


def test_one_that_did_not_think_this_time_has_said_its_text_after_all() -> None:
    tags = Tags(thinks=True)
    assert tags.feed("Hello") == [Delta(thought="Hello")]
    assert tags.end() == [Delta("Hello", anew=True)]
    assert tags.thinks is False


def test_nothing_is_lost_of_one_that_was_cut_and_whether_it_thought_is_not_known() -> None:
    tags = Tags(thinks=True)
    assert tags.feed("Let me ") == [Delta(thought="Let me")]
    assert tags.feed("see") == [Delta(thought=" see")]
    assert tags.end(cut=True) == [Delta("Let me see", anew=True)]
    assert tags.thinks is None


def test_thoughts_in_a_field_of_their_own_make_text_text() -> None:
    tags = Tags(thinks=True)
    assert tags.told() == []
    assert (tags.over, tags.thinks) == (True, False)
    assert tags.end() == []


def test_what_was_held_or_thought_before_they_came_is_text_too() -> None:
    tags = Tags(thinks=True)
    assert tags.feed("Hello ") == [Delta(thought="Hello")]
    assert tags.told() == [Delta("Hello ", anew=True)]
    tags = Tags()
    assert tags.feed("<thi") == []
    assert tags.told() == [Delta("<thi")]
    tags = Tags()
    assert tags.feed("<think>hm") == [Delta(thought="hm")]
    assert tags.told() == []
    assert tags.feed("</think>Hello") == [Delta("Hello")]


@pytest.mark.parametrize(
    ("text", "cut", "thinks"),
    [
        ("hm\n</think>\n\nHello", False, True),
        ("hm\n</think>\n\nHello", True, True),
        ("hm: the </think> tag.\n</think>\n\nHello", False, True),
        ("Hello", False, False),
        ("Hello", True, None),
        ("", False, None),
        ("<think>hm</think>Hello", False, None),
        ("</think>Hello", False, None),
        # It is spoken of, or code.
        ("Write `</think>` there", False, False),
        ("The </think> tag ends it", False, False),
        ("```xml\n</think>\n```\nis code", False, False),
        ("Between <think> and\n</think> it thinks", False, False),
        ("`</think>` " * 20 + "\n</think>", False, False),
    ],
)
def test_what_shows_that_an_answer_began_with_thoughts(text: str, cut: bool, thinks: bool | None) -> None:
    tags = Tags()
    tags.feed(text)
    tags.end(cut=cut)
    assert tags.thinks is thinks


@pytest.mark.parametrize(
    ("answers", "known"),
    [
        ([True], False),
        ([True, True], True),
        ([True, None, True, None], True),
        ([True, True, False], False),
        ([False, True, True], False),
        ([False, *[True] * LATER], True),
        ([False, *[True] * (LATER - 1), False, True], False),
    ],
)
def test_a_habit_is_never_learned_from_one_answer(answers: list[bool | None], known: bool) -> None:
    habit = Habit()
    for answer in answers:
        habit.learn(answer)
    assert habit.known is known


def bare(text: str) -> str:
    """Without blanks and tags, nor those that are put together where one was taken out."""
    text = "".join(text.split())
    less = re.sub("</?think>", "", text)
    return text if less == text else bare(less)


@example(["</", "</", "think>", "think", ">"])
@given(st.lists(st.sampled_from(["<", "think", ">", "</", "think>", "<think>", "</think>", " ", "\n", "x"])))
def test_nothing_but_tags_and_blanks_is_lost(pieces: list[str]) -> None:
    whole = split(["".join(pieces)])
    found = split(pieces)
    assert (found[0].split(), found[1]) == (whole[0].split(), whole[1])
    assert bare("".join(found)) == bare("".join(pieces))


def test_fields() -> None:
    assert thought({"reasoning_content": "a"}) == "a"
    assert thought({"reasoning": "b"}) == "b"
    assert thought({"refusal": "no"}) == ""
    assert thought({"reasoning": ["not text"]}) == ""


def test_details() -> None:
    details = [{"type": "reasoning.text", "text": "a"}, {"type": "reasoning.summary", "summary": "b"}]
    assert of_details([*details, {"type": "reasoning.encrypted", "data": "xx"}]) == "ab"
    assert of_details("odd") == of_details([1, {"text": 2}]) == ""
