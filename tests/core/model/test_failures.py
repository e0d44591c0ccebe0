"""What may be quoted of an endpoint's words, and the statuses that no test of the endpoint sends."""

from __future__ import annotations

import pytest

from core.errors import (
    ContextTooLong,
    ModelBusy,
    ModelCut,
    ModelError,
    ModelForbidden,
    ModelRefused,
    ModelUnknown,
    ModelUnreachable,
)
from core.model.discovery import public
from core.model.failures import LONGEST, by_status, by_words, explain, line


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Incorrect API key provided: sk-abcdefghijkl.", "Incorrect API key provided: ***"),
        ("key sk-proj-ab_cd-ef**** is wrong", "key *** is wrong"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("GET http://me:secret@host/v1", "GET http://***host/v1"),
        ("my own word", "my *** word"),
        ("two\nlines\t here", "two lines here"),
        ("the desk-top is fine", "the desk-top is fine"),
    ],
)
def test_keys_are_taken_out(text: str, clean: str) -> None:
    assert line(text, ["own", ""]) == clean


def test_long_words_are_shortened() -> None:
    assert len(line("x " * 1000)) == LONGEST


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "", ModelRefused),
        (400, "Prompt is too long: 9 tokens", ContextTooLong),
        (400, "input exceeds the maximum number of tokens allowed", ContextTooLong),
        (400, "model 'x' not found, try pulling it first", ModelUnknown),
        (402, "", ModelForbidden),
        (404, "", ModelUnknown),
        (405, "", ModelUnreachable),
        (409, "", ModelRefused),
        (429, "Rate limit reached", ModelBusy),
        (429, "Too many tokens per minute", ModelBusy),  # a rate limit, not a long prompt
        (429, "Insufficient Balance", ModelForbidden),
        (504, "", ModelBusy),
        (200, "", ModelUnreachable),
    ],
)
def test_statuses(status: int, words: str, kind: type[ModelError]) -> None:
    assert by_status(status, words) is kind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("overloaded_error", ModelBusy),
        ("rate_limit_exceeded", ModelBusy),
        ("insufficient_quota", ModelForbidden),
        ("maximum context length is 8192", ContextTooLong),
        ("bad luck", ModelCut),
    ],
)
def test_words_of_an_error_event(words: str, kind: type[ModelError]) -> None:
    assert by_words(words) is kind


@pytest.mark.parametrize(("started", "kind"), [(False, ModelUnreachable), (True, ModelCut)])
def test_silence_after_the_first_piece_is_a_cut_answer(started: bool, kind: type[ModelError]) -> None:
    error = explain(TimeoutError("silent for 60 s"), started=started)
    assert (type(error), str(error)) == (kind, "TimeoutError: silent for 60 s")


def test_a_url_is_shown_without_its_secrets() -> None:
    assert public("https://me:secret@host:8000/v1?key=x") == "https://host:8000/v1"
