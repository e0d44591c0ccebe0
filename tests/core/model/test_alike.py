"""Chunks in one wrapping: of them is read what reading each as JSON says, and what is no chunk stays an error."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.model import chunks as chunks_module
from core.model.alike import Alike
from core.model.chunks import Chunk, Chunks, Text, parsed, text_of
from core.model.events import data_of
from tests.core.model.streams import chunk, event


class Strange(Alike):
    """One that learns nothing."""

    def learn(self, *_: object) -> None:
        """Every chunk is read as JSON."""


def read(whole: bytes, size: int, monkeypatch: pytest.MonkeyPatch, alike: type[Alike]) -> tuple[list[object], str]:
    """What came of a stream in pieces of this size, with runs of text put together, and its problem."""
    monkeypatch.setattr(chunks_module, "Alike", alike)
    reader = Chunks()
    found: list[Chunk] = []
    for at in range(0, len(whole), size):
        if not (reader.done or reader.problem):
            found += reader.feed(whole[at : at + size])
    if not (reader.done or reader.problem):
        found += reader.end()
    together: list[object] = []
    for each in found:
        field, text = text_of(each)
        if field and together and isinstance(together[-1], tuple) and together[-1][0] == field:
            together[-1] = field, together[-1][1] + text
        else:
            together.append((field, text) if field else each)
    return together, str(reader.problem)


TEXTS = st.text(st.sampled_from('a"\\,{}[]:\n …字😀')) | st.sampled_from(['","', '\\","', "\\", '"', "", ',"'])
DELTAS = st.one_of(
    TEXTS.map(lambda text: {"content": text}),
    TEXTS.map(lambda text: {"content": text}),
    TEXTS.map(lambda text: {"reasoning_content": text}),
    TEXTS.map(lambda text: {"content": text, "role": "assistant"}),
    st.just({"role": "assistant", "content": None}),
)
EVENTS = st.one_of(
    DELTAS.map(lambda delta: event(chunk(delta))),
    DELTAS.map(lambda delta: event(chunk(delta))),
    st.sampled_from("a\ud83d\udc4b…").map(lambda half: event(chunk({"content": half}), ascii=True)),
    st.builds(lambda delta, made: event(chunk(delta) | {"created": made}), DELTAS, st.integers(1, 2)),
    st.builds(lambda delta, noise: event(chunk(delta, obfuscation=noise)), DELTAS, st.text("ab", max_size=3)),
    DELTAS.map(lambda delta: event(chunk(delta, "stop"))),
    DELTAS.map(lambda delta: event(chunk(delta, usage={"prompt_tokens": 1}))),
    # no JSON, but what stands around the text is as ever
    st.binary(max_size=6).map(lambda junk: event(chunk({"content": "@"})).replace(b"@", junk.replace(b"\n", b""))),
    st.sampled_from([b'","', b'"', b"\\", b'x","role":"y', b'",', b',"']).map(
        lambda junk: event(chunk({"content": "@"})).replace(b"@", junk)
    ),
)


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@given(st.lists(EVENTS, max_size=30), st.integers(1, 4000))
@example([event(chunk({"content": text})) for text in ("a", '","', "b")], 4000)
@example([event(chunk({"content": "@"})).replace(b"@", junk) for junk in (b"a", b'x",', b',"y')], 4000)
@example([event(chunk({"content": "@"})).replace(b"@", junk) for junk in (b"a", b"x\\", b',"y')], 4000)
def test_it_changes_nothing(patched: pytest.MonkeyPatch, events: list[bytes], size: int) -> None:
    whole = b"".join(events)
    assert read(whole, size, patched, Alike) == read(whole, size, patched, Strange)


def line(delta: Chunk, **more: object) -> bytes:
    """The data of one event."""
    return data_of(event(chunk(delta) | more).strip())


def known() -> tuple[Alike, list[bytes]]:
    """One that has learnt a wrapping, and events in it."""
    events = [line({"content": text}) for text in ("a", "b", 'c "quoted" \\', "d", "e…")]
    alike = Alike()
    alike.learn(events[0], "content", "a", lambda data: text_of(parsed(data)))
    return alike, events


def test_the_texts_of_one_wrapping_are_read_together() -> None:
    alike, events = known()
    assert alike.field == "content"
    assert alike.texts(events, 1) == ["b"]  # behind a backslash a quote would not end it
    assert alike.texts(events, 3) == ["d", "e…"]
    assert alike.texts([*events[:2], b"[DONE]"], 0) == ["a", "b"]
    assert alike.texts([b"[DONE]", *events], 0) == []


@pytest.mark.parametrize("text", ["a", "…"])
def test_what_stands_elsewhere_by_the_same_name_is_not_taken_for_the_text(text: str) -> None:
    data = b'{"meta": {"content": "x"}, "choices": [{"delta": {"content": "%b"}}]}' % text.encode()
    alike = Alike()
    alike.learn(data, "content", text, lambda data: text_of(parsed(data)))
    assert alike.field == ""


def test_a_stream_in_which_no_two_are_alike_is_soon_left_alone() -> None:
    alike, tried = Alike(), 0

    def fields(data: bytes) -> tuple[str | int, str]:
        nonlocal tried
        tried += 1
        return text_of(parsed(data))

    for number in range(100):
        data = line({"content": "a"}, id=f"c{number}")
        if not alike.texts([data], 0):
            alike.learn(data, "content", "a", fields)
    assert tried == 3


def test_a_wrapping_that_changes_now_and_then_is_learnt_anew() -> None:
    alike = Alike()
    read = 0
    for second in range(20):
        for _ in range(10):
            data = line({"content": "a"}, created=second)
            if alike.texts([data], 0):
                read += 1
            else:
                alike.learn(data, "content", "a", lambda data: text_of(parsed(data)))
    assert read == 20 * 9


def test_halves_of_emoji_do_not_make_a_stream_dear() -> None:
    r"""Each is read as JSON by itself, and what stands before it not again and again."""
    pieces = [event(chunk({"content": "a"})), event(chunk({"content": "\ud83d"}), ascii=True)] * 2000
    begun = time.process_time()
    reader = Chunks()
    assert sum(len(each.text) for each in reader.feed(b"".join(pieces)) if isinstance(each, Text)) == 4000
    assert time.process_time() - begun < 2  # 0.03 s
