"""Lines of a stream that are no textbook: what is read, what is an error, and what had come before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.chunks import Chunk, Chunks, StreamFailed, Text, merged, parsed, text_of
from core.model.events import Events
from tests.core.model.streams import chunk, event


def texts(chunks: list[Chunk]) -> str:
    return "".join(text_of(each)[1] for each in chunks)


def read(*pieces: bytes) -> tuple[str, Chunks]:
    """The text of a stream that ended, and its reader."""
    chunks = Chunks()
    found = [each for piece in pieces if not (chunks.done or chunks.problem) for each in chunks.feed(piece)]
    if not (chunks.done or chunks.problem):
        found += chunks.end()
    return texts(found), chunks


A, B = event(chunk({"content": "a"})), event(chunk({"content": "b"}))


@pytest.mark.parametrize(
    "whole",
    [
        A + B,
        A.replace(b"\n", b"\r\n") + B.replace(b"\n", b"\r"),
        A.replace(b"data: ", b"data:") + b"data:\n\n" + B,
        b"\xef\xbb\xbf" + A + B,
        b": OPENROUTER PROCESSING\n\n" + A + b":\n\n:\n\n" + B,
        b"\n\n\n" + A + b"\n" + B,
        b"event: chunk\nid: 1\nretry: 10\n" + A + b"data\n\n" + B,
        A + B.replace(b", ", b",\ndata: "),  # one event in several lines
        A + B + b"data: [DONE]\n\n" + A,
        A + B + b"data: [DONE] and more\n\n",
        A + B + b"data:  [DONE]\r\n\r\n",
        A + B + b"data: [DONE]",
        A + B.rstrip(),  # the empty line is missing
        A + B + b'data: {"choices": [{"del',  # cut: whether that matters, the finish reason will tell
        A + B.replace(b'"created": 1', b'"created": NaN'),
    ],
)
def test_what_is_read(whole: bytes) -> None:
    for pieces in ([whole], [whole[at : at + 1] for at in range(len(whole))]):
        text, chunks = read(*pieces)
        assert (text, chunks.done, chunks.problem) == ("ab", True, None)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'data: {"choices": [{"del\n\n', "a malformed line"),
        (b"data: [1]\n\n", "no chunk"),
        (b'data: "\xff"\n\n', "a malformed line"),
        (b'data: {"error": {"message": "busy"}}\n\n', "busy"),
        (b'data: {"error": "busy"}\n\n', "busy"),
        (b'data: {"error": {"code": 7}}\n\n', "an error in the stream"),
        (b'data: {"choices": [{"delta": {}}], "error": {"message": "busy"}}\n\n', "busy"),
        (b'event: error\ndata: {"error": {"message": "busy"}}\n\n', "busy"),
        (b'event: error\ndata: {"message": "busy"}\n\n', "busy"),
        (b"event: error\ndata: broken\n\n", "a malformed line"),
        (b'error: {"message": "busy"}\n\n', "busy"),  # llama.cpp before 2025
    ],
)
def test_an_error_comes_after_what_came_before_it(line: bytes, told: str) -> None:
    text, chunks = read(A + line + B)
    assert text == "a"
    assert told in str(chunks.problem)


@pytest.mark.parametrize("answer", [b'{"error": {"message": "busy"}}', b'{\n"error": {"message": "busy"}\n}\n'])
def test_an_error_that_is_no_stream_at_all(answer: bytes) -> None:
    _, chunks = read(answer)
    assert isinstance(chunks.problem, StreamFailed)
    assert chunks.problem.body == {"message": "busy"}


@pytest.mark.parametrize("answer", [b"", b"\n\n", b": nothing\n\n"])
def test_a_stream_of_nothing_is_no_problem_of_its_own(answer: bytes) -> None:
    text, chunks = read(answer)
    assert (text, chunks.done, chunks.problem) == ("", True, None)


def test_a_web_page_is_a_problem() -> None:
    assert "Bad gateway" in str(read(b"<html>Bad gateway</html>")[1].problem)


def test_half_an_emoji_is_kept_until_the_other_comes() -> None:
    r"""Servers in JavaScript cut "👋" into "\ud83d" and "\udc4b", which orjson refuses."""
    halves = [event(chunk({"content": half}), ascii=True) for half in ("\ud83d", "\udc4b")]
    assert read(*halves)[0] == "\ud83d\udc4b"


@given(st.lists(st.binary(max_size=9), max_size=9))
def test_no_bytes_are_held_twice_or_lost(pieces: list[bytes]) -> None:
    once, many = Events(), Events()
    found = [data for piece in pieces for data in many.feed(piece)]
    assert found == once.feed(b"".join(pieces))
    assert many.rest().lstrip(b"\n") == once.rest().lstrip(b"\n")  # blank lines between events are nothing


@pytest.mark.parametrize(
    "other",
    [
        chunk({"content": "x"}, "stop"),
        chunk({"content": "x"}, usage={"prompt_tokens": 1}),
        chunk({"content": "x", "reasoning": "y"}),
        chunk({"content": "x", "annotations": [1]}),
        chunk({"content": "x", "role": "tool"}),
        {"choices": [{"delta": {"content": "x"}, "logprobs": {"content": [1]}}]},
        {"choices": [{"delta": {"content": "x"}}, {"delta": {"content": "y"}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "a", "function": {"arguments": "x"}}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "x"}}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": "x"}}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0}, {"index": 1}]}}]},
        {"choices": "none"},
        {"choices": [None]},
        {},
    ],
)
def test_a_chunk_that_carries_more_than_one_text_is_left_alone(other: Chunk) -> None:
    a, b = chunk({"content": "a"}), chunk({"content": "b"})
    first, middle, last = merged([a, other, b])
    assert middle is other
    assert texts([first, last]) == "ab"


def test_runs_are_made_one_in_their_order() -> None:
    calls = [
        {"tool_calls": [{"index": index, "function": {"arguments": text}}]}
        for index, text in ((0, "a"), (0, "b"), (1, "c"))
    ]
    deltas = [{"content": "1"}, {"content": "2"}, {"refusal": "3"}, *calls, {"content": "4"}]
    assert [
        text_of(each.full() if isinstance(each, Text) else each) for each in merged([chunk(d) for d in deltas])
    ] == [
        ("content", "12"),
        ("refusal", "3"),
        (0, "ab"),
        (1, "c"),
        ("content", "4"),
    ]


def test_a_line_that_is_quoted_is_cut_short() -> None:
    with pytest.raises(ValueError, match="malformed") as caught:
        parsed(b"x" * 10_000)
    assert len(str(caught.value)) < 200
