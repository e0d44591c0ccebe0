"""What an endpoint says of its window in a refusal, and how much it is sent from then on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ContextTooLong
from core.model.room import ANSWER, SMALLEST, SURE, Room, numbers

SAID = [
    (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        (8192, 9000),
    ),
    (
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages, "
        "100 in the completion). Please reduce the length of the messages or completion.",
        (4096, 5000),
    ),
    (
        "{'code': 400, 'message': 'the request exceeds the available context size, try increasing it', "
        "'type': 'exceed_context_size_error', 'n_prompt_tokens': 5012, 'n_ctx': 4096}",
        (4096, 5012),
    ),
    ("request (5012 tokens) exceeds the available context size (4096 tokens), try increasing it", (4096, 5012)),
    ("prompt is too long: 210,000 tokens > 200,000 maximum", (200_000, 210_000)),
    (
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        (1_048_576, 1_200_000),
    ),
    (
        "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context "
        "length of only 4096 tokens, which is not enough.",
        (4096, 5000),
    ),
    ("Your input exceeds the context window of this model.", (None, None)),
    ("Error code: 400 - context length exceeded", (None, None)),
    ("maximum context length is 8 tokens", (None, None)),
    ("", (None, None)),
]


@pytest.mark.parametrize(("words", "found"), SAID)
def test_what_endpoints_say(words: str, found: tuple[int | None, int | None]) -> None:
    assert numbers(words) == found


def test_its_count_is_made_ours() -> None:
    room = Room()
    assert room.holds(10**9)
    room.refused(5000, ContextTooLong(limit=8192, sent=10_000), least=2500)
    assert room.most == int((8192 - ANSWER) * SURE / 2)
    room.refused(3000, ContextTooLong(limit=4096, sent=6000), least=1500, answer=96)
    assert room.most == int(4000 * SURE / 2)


def test_without_a_word_what_is_asked_next_is_its_room() -> None:
    room = Room()
    room.refused(5000, ContextTooLong(), least=2600)
    assert room.most == 2600
    room.took(2700)  # a question that could not be cut
    assert room.most == 2700
    room.took(10)
    assert room.most == 2700


def test_a_refusal_of_next_to_nothing_is_no_reason_to_send_nothing_from_then_on() -> None:
    room = Room()
    room.refused(30, ContextTooLong(), least=10)
    assert room.most == SMALLEST


@given(
    st.integers(SMALLEST + 1, 10**7), st.integers(0, 10**7), st.integers(1, 10**7), st.none() | st.integers(1, 10**8)
)
def test_what_was_refused_never_fits_again(count: int, least: int, limit: int, sent: int | None) -> None:
    room = Room()
    room.refused(count, ContextTooLong(limit=limit, sent=sent), least=least)
    assert not room.holds(count)
