"""Text as every platform takes it and counts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.live.text import units, whole


@pytest.mark.parametrize(("text", "count"), [("", 0), ("abc", 3), ("é字", 2), ("😀", 2), ("a👨‍👩‍👧", 9)])
def test_units_are_those_of_utf16(text: str, count: int) -> None:
    assert units(text) == count


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("a\0b", "a\ufffdb"),
        ("half \ud83d", "half \ufffd"),
        ("two halves \ud83d\ude00", "two halves 😀"),
    ],
)
def test_what_no_json_carries_is_replaced(text: str, taken: str) -> None:
    assert whole(text) == taken


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_sent(text: str) -> None:
    whole(text).encode()
    assert whole(whole(text)) == whole(text)
    assert not set(whole(text)) & {"\r", "\0"}
