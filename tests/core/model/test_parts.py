"""Content in parts, as Mistral sends it, through the whole reading of an endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from core.model.chunks import Chunks, Text, text_of
from core.model.parts import one_kind_each
from core.types import Delta, Usage
from tests.core.model.asking import endpoint, read
from tests.core.model.streams import chunk, event
from tests.platforms.model import Fault, ModelServer


def thinking(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}], "closed": False}


def part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


async def test_a_magistral_thinks_and_answers() -> None:
    lines = [
        event(chunk({"role": "assistant", "content": ""})),
        event(chunk({"content": [thinking("Okay, ")]})),
        event(chunk({"content": [thinking("hm")]})),
        event(chunk({"content": [thinking("."), part("Hel")]})),
        event(chunk({"content": "lo"})),
        event(chunk({"content": [part("!"), {"type": "reference", "reference_ids": [1]}]}, "stop")),
        event({"id": "1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}}),
    ]
    async with ModelServer() as server, endpoint(server) as model:
        server.faults.append(Fault(how="raw", body=lines))
        deltas = await read(model)
    assert "".join(delta.thought for delta in deltas) == "Okay, hm."
    assert "".join(delta.text for delta in deltas) == "Hello!"
    assert deltas[-1] == Delta(finish="stop", usage=Usage(3, 5))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
def test_wherever_the_bytes_are_cut(size: int) -> None:
    parts = [[thinking("你"), thinking("好 hm")], [thinking("."), part("a")], [part("👋"), part("b")]]
    whole = b"".join(event(chunk({"content": each})) for each in parts)
    reader, found = Chunks(), list[tuple[str, str]]()
    for at in range(0, len(whole), size):
        found += [(each.field, each.text) for each in reader.feed(whole[at : at + size]) if isinstance(each, Text)]
    said = {field: "".join(text for name, text in found if name == field) for field in ("reasoning", "content")}
    assert said == {"reasoning": "你好 hm.", "content": "a👋b"}


ODD = [
    {"choices": []},
    {"choices": None},
    {"choices": [None]},
    {"choices": [{"delta": None}]},
    {"choices": [{"delta": {"content": "text"}}]},
    {"choices": [{"delta": {"content": None}}]},
]


@pytest.mark.parametrize("odd", ODD)
def test_what_has_no_parts_is_left_as_it_is(odd: dict[str, Any]) -> None:
    assert one_kind_each(odd) == [odd]


@pytest.mark.parametrize("odd", [[], [1], [{}], [{"type": "text"}], [{"type": "thinking", "thinking": [1, {}]}]])
def test_parts_without_a_text_are_a_chunk_without_one(odd: list[Any]) -> None:
    assert one_kind_each({"choices": [{"delta": {"content": odd}}]}) == [{"choices": [{"delta": {"content": None}}]}]


def test_a_thought_that_is_a_plain_text_is_taken_too() -> None:
    (found,) = one_kind_each({"choices": [{"delta": {"content": [{"type": "thinking", "thinking": "hm"}]}}]})
    assert text_of(found) == ("reasoning", "hm")
