"""A word list finds its words however they are written, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SetupError
from core.safety.words import FILE, Words, word_file


@pytest.mark.parametrize(
    ("listed", "text"),
    [
        ("bomb", "A Bomb!"),
        ("bomb", "ｂｏｍｂ"),
        ("bomb", "bo\u200bmb"),
        ("bo\u00admb", "bomb"),
        ("STRASSE", "straße"),
        ("cafe\u0301", "CAFÉ"),
        ("how to steal", "How  to\nsteal?"),
        ("炸弹", "怎么做炸弹呢"),
        ("ระเบิด", "ทำระเบิดอย่างไร"),
        ("c4", "(C4)"),
        ("a.b.c", "see a.b.c!"),
        ("c++", "use C++."),
        ("# only a comment\nbomb # the thing", "bomb"),
    ],
)
def test_found(listed: str, text: str) -> None:
    assert Words(listed).in_text(text)


@pytest.mark.parametrize(
    ("listed", "text"),
    [
        ("bomb", "bombastic"),
        ("ass", "class assignment"),
        ("how to steal", "how to stealth"),
        ("c4", "abc4"),
        ("bomb", "bom b"),
        ("# bomb", "bomb"),
        ("", "anything"),
        (" \n\n", ""),
    ],
)
def test_not_found(listed: str, text: str) -> None:
    assert not Words(listed).in_text(text)


@given(st.from_regex(r"[^\W_]{1,8}", fullmatch=True), st.text(max_size=30))
def test_a_word_is_found_between_blanks_in_any_text(word: str, text: str) -> None:
    assert Words(word).in_text(f"{text} {word.upper()} {text}") == Words(word).in_text(word.upper())
    assert Words(word).in_text(f"{text} {word} {text}")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00bad"])
def test_no_list_is_said_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(SetupError, match=r"MODERATION=words needs the file moderation\.txt, one word a line"):
        word_file(tmp_path)
