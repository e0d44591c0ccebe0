"""What looks like a secret does not get into an error."""

from __future__ import annotations

import pytest

from core.observe.scrub import scrub


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("POST /bot123456789:AAHloopback-only_01/sendMessage", "POST /bot***/sendMessage"),
        ("token 123456789:AAHloopback-only_01 is wrong", "token *** is wrong"),
        ("at 12:30 nothing", "at 12:30 nothing"),
        ("sha256:0123456789abcdef", "sha256:0123456789abcdef"),
        ("key sk-abcdefghijkl", "key ***"),
        ("my own word", "my *** word"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_secrets_are_taken_out(text: str, clean: str) -> None:
    assert scrub(text, ["own", ""]) == clean
