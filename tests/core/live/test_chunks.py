"""Chunks: together they are the text, and each reads alone as it does in the whole answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.live.chunks import chunks
from core.live.markdown import parse
from tests.bots.junk import JUNK

PIECES = [*JUNK, *["\n\n"] * 10, "2. ", "3. ", "- a\n\n", "word\n\n", "```\n"]


@pytest.mark.parametrize(
    "marked",
    [
        "",
        "one\ntwo",
        "one\n\n|two\n \n|# three\n\n\n|four\n",
        "- a\n\n  b\n\n|- c\n\n|> d\n\n|> e",
        "1. a\n\n|2. b\n\n   c\n\n|3. d\n\n|word\n\n|7. e",
        # numbers that are not in order are counted by the list
        "1. a\n\n1. b\n\n2. c",
        "1. a\n   1. deep\n\n2. b",
        # no end within code
        "word\n\n|```\na\n\nb\n```\n\n|c",
        "- ~~~\n  a\n\n  b\n  ~~~\n\n|c",
        "```\na\n\nb",
    ],
)
def test_where_a_chunk_ends(marked: str) -> None:
    assert chunks(marked.replace("|", "")) == marked.split("|")


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
@settings(deadline=None)
def test_chunks_are_the_text_and_stay_while_it_grows(text: str) -> None:
    found = chunks(text)
    assert "".join(found) == text
    assert all(found[:-1])
    for end in range(0, len(text), 5):
        assert chunks(text[:end])[:-1] == found[: len(chunks(text[:end])) - 1]


def shape(text: str) -> list[tuple[str, str, str]]:
    """The blocks with their text; a list that goes on in the next chunk is a list of its own there."""
    lists = ("bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close")
    return [(token.type, token.content, token.info) for token in parse(text) or () if token.type not in lists]


FENCELESS = [piece for piece in PIECES if not set(piece) & set("`~")]


@given(st.lists(st.sampled_from(FENCELESS), max_size=60).map("".join).filter(lambda text: parse(text) is not None))
@settings(deadline=None)
def test_a_chunk_reads_alone_as_in_the_whole(text: str) -> None:
    assert [block for chunk in chunks(text) for block in shape(chunk)] == shape(text)
