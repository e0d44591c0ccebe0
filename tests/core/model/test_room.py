"""What an endpoint says of its window in a refusal, and how much it is sent from then on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ContextTooLong
from core.model.room import ANSWER, LASTS, SMALLEST, SURE, Room, beside, numbers

SAID = [
    (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        (8192, 9000, 9000),
    ),
    (
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages, "
        "100 in the completion). Please reduce the length of the messages or completion.",
        (4096, 4900, 5000),
    ),
    (
        "{'code': 400, 'message': 'the request exceeds the available context size, try increasing it', "
        "'type': 'exceed_context_size_error', 'n_prompt_tokens': 5012, 'n_ctx': 4096}",
        (4096, 5012, 5012),
    ),
    ("request (5012 tokens) exceeds the available context size (4096 tokens), try increasing it", (4096, 5012, 5012)),
    ("prompt is too long: 210,000 tokens > 200,000 maximum", (200_000, 210_000, 210_000)),
    (
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        (1_048_576, 1_200_000, 1_200_000),
    ),
    (
        "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context "
        "length of only 4096 tokens, which is not enough.",
        (4096, 5000, 5000),
    ),
    (
        "This model's maximum context length is 32768 tokens. However, you requested 50040 tokens (40 in the messages, "
        "50000 in the completion). Please reduce the length of the messages or completion.",
        (32768, 40, 50040),
    ),
    (
        "'max_tokens' or 'max_completion_tokens' is too large: 50000. This model's maximum context length is 32768 "
        "tokens and your request has 40 input tokens (50000 > 32768 - 40).",
        (32768, 40, 50000),
    ),
    (
        "Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a total of "
        "50040 tokens: 40 tokens from the input messages and 50000 tokens for the completion.",
        (32768, 40, 50040),
    ),
    (
        "This endpoint's maximum context length is 32768 tokens. However, you requested about 50040 tokens (40 of text "
        "input, 50000 in the output).",
        (32768, 40, 50040),
    ),
    ("maximum context length is 32768 tokens, 50040 were requested", (32768, None, 50040)),
    ("Your input exceeds the context window of this model.", (None, None, None)),
    ("Error code: 400 - context length exceeded", (None, None, None)),
    ("maximum context length is 8 tokens", (None, None, None)),
    ("", (None, None, None)),
]


@pytest.mark.parametrize(("words", "found"), SAID)
def test_what_endpoints_say(words: str, found: tuple[int | None, int | None, int | None]) -> None:
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


def test_a_refusal_of_next_to_nothing_says_nothing_of_the_room() -> None:
    room = Room()
    room.refused(30, ContextTooLong(), least=10)
    assert room.most is None
    room.refused(SMALLEST + 50, ContextTooLong(), least=10)
    assert room.most == SMALLEST


def test_what_was_learned_runs_out() -> None:
    now = 0.0
    room = Room(lambda: now)
    room.refused(5000, ContextTooLong(), least=2600)
    now = LASTS - 1
    assert not room.holds(5000)
    now = LASTS
    assert room.holds(5000)
    room.refused(4000, ContextTooLong(), least=2000)
    assert room.most == 2000


@pytest.mark.parametrize(
    ("problem", "answer", "left"),
    [
        (ContextTooLong(limit=32768, sent=40, total=50040), 50000, int(32728 * SURE)),
        (ContextTooLong(limit=32768, total=50040), 50000, int(32728 * SURE)),
        (ContextTooLong(limit=32768, total=50000), 50000, int(32738 * SURE)),  # so its prompt is counted here
        (ContextTooLong(limit=32768, sent=40, total=50040), None, int(32728 * SURE)),  # asked for by the settings
        (ContextTooLong(limit=32768, sent=32700, total=82700), 50000, None),  # next to no room for an answer
        (ContextTooLong(limit=32768, sent=33000), 50000, None),
        (ContextTooLong(limit=32768, total=33000), None, None),
        (ContextTooLong(limit=32768), 100, None),
        (ContextTooLong(), 50000, ANSWER),
        (ContextTooLong(), 500, None),
        (ContextTooLong(), None, None),
    ],
)
def test_an_answer_that_is_too_long_is_told_from_a_prompt(
    problem: ContextTooLong, answer: int | None, left: int | None
) -> None:
    assert beside(problem, 30, answer) == left


def test_the_length_that_one_asker_wants_is_not_taken_from_everybodys_prompts() -> None:
    room = Room()
    room.refused(3000, ContextTooLong(limit=32768, sent=3000, total=53000), least=1500, answer=50000)
    assert room.most is None
    room.refused(40_000, ContextTooLong(limit=32768, total=90_000), least=20_000, answer=50_000)
    assert room.most == int((32768 - ANSWER) * SURE)


@given(
    st.integers(SMALLEST + 1, 10**7), st.integers(0, 10**7), st.integers(1, 10**7), st.none() | st.integers(1, 10**8)
)
def test_what_was_refused_never_fits_again(count: int, least: int, limit: int, beyond: int | None) -> None:
    room = Room()
    sent = None if beyond is None else limit + beyond
    room.refused(count, ContextTooLong(limit=limit, sent=sent), least=least)
    assert not room.holds(count)
