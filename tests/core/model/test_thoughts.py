"""Thoughts are told apart from the answer, wherever the pieces are cut."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.thoughts import Tags, of_details, thought


def split(pieces: Iterable[str]) -> tuple[str, str]:
    """The thoughts and the text that come out of these pieces."""
    tags, thoughts, said = Tags(), "", ""
    for piece in pieces:
        if tags.over:
            said += piece
            continue
        for delta in tags.feed(piece):
            thoughts, said = thoughts + delta.thought, said + delta.text
    for delta in tags.end():
        thoughts, said = thoughts + delta.thought, said + delta.text
    return thoughts, said


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
    (" \nHello", "", " \nHello"),
    (" \n", "", " \n"),
    ("", "", ""),
]


@pytest.mark.parametrize(("text", "thoughts", "said"), TEXTS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_tags(text: str, thoughts: str, said: str, size: int) -> None:
    found = split(text[at : at + size] for at in range(0, len(text), size))
    assert (found[0].strip(), found[1]) == (thoughts, said)


@given(st.lists(st.sampled_from(["<", "think", ">", "</", "think>", "<think>", "</think>", " ", "\n", "x"])))
def test_nothing_but_tags_and_blanks_is_lost(pieces: list[str]) -> None:
    whole = split(["".join(pieces)])
    found = split(pieces)
    assert (found[0].split(), found[1]) == (whole[0].split(), whole[1])
    kept = "".join(found).replace("<think>", "").replace("</think>", "").split()
    assert "".join(kept) == "".join("".join(pieces).replace("<think>", "").replace("</think>", "").split())


def test_fields() -> None:
    assert thought({"reasoning_content": "a"}) == "a"
    assert thought({"reasoning": "b"}) == "b"
    assert thought({"refusal": "no"}) == ""
    assert thought({"reasoning": ["not text"]}) == ""


def test_details() -> None:
    details = [{"type": "reasoning.text", "text": "a"}, {"type": "reasoning.summary", "summary": "b"}]
    assert of_details([*details, {"type": "reasoning.encrypted", "data": "xx"}]) == "ab"
    assert of_details("odd") == of_details([1, {"text": 2}]) == ""
