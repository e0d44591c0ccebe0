"""Streams of chat completions as an endpoint might send them, and a transport that delivers their bytes in pieces."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
from hypothesis import strategies as st

from core.model.transport import BODY

Chunk = dict[str, Any]


class Pieces(httpx2.AsyncBaseTransport):
    """Answers every request with these pieces, both to LangChain's own reader and to ours. whole, closed: by ours."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self.bodies: list[PiecesBody] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = PiecesBody(self._pieces)
        self.bodies.append(body)
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, stream=body, request=request, extensions={BODY: body})


class PiecesBody(httpx2.AsyncByteStream):
    """What `core.model.transport.Body` is to a socket."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._rest = [piece for piece in pieces if piece]
        self.ended_well = self.closed = False

    def streaming(self) -> None:
        """Pieces come as they are asked for, however many streams there are."""

    async def readany(self) -> bytes:
        return self._rest.pop(0) if self._rest else b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.readany():
            yield piece

    def whole(self) -> None:
        self.ended_well = True

    async def aclose(self) -> None:
        self.closed = True


def chunk(delta: Chunk | None, finish: str | None = None, **more: Any) -> Chunk:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}


def event(data: Chunk, end: str = "\n", space: str = " ", ascii: bool = False, lines: int | None = None) -> bytes:
    text = json.dumps(data, ensure_ascii=ascii, indent=lines)
    return "".join(f"data:{space}{line}{end}" for line in text.split("\n")).encode() + end.encode()


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["你好", "👋🏽", "\r\n\n", "\x00"]
)
_FIELDS = st.sampled_from(["content", "reasoning_content", "reasoning", "refusal"])


def _call(index: int | None, arguments: str, **named: str) -> Chunk:
    called = {"arguments": arguments} | ({"name": named["name"]} if "name" in named else {})
    call: Chunk = {"function": called, "type": "function"} | ({"index": index} if index is not None else {})
    return call | ({"id": named["id"]} if "id" in named else {})


_CALLS = st.builds(_call, st.integers(0, 2), _TEXTS) | st.builds(
    _call, st.integers(0, 2), _TEXTS, id=st.sampled_from(["a", "b"]), name=st.sampled_from(["f", "g"])
)
_DELTAS = st.one_of(
    st.builds(lambda field, text: {field: text}, _FIELDS, _TEXTS),
    st.builds(lambda text: {"role": "assistant", "content": text}, _TEXTS),
    st.builds(lambda text: {"content": text, "reasoning_content": None, "tool_calls": None}, _TEXTS),
    st.builds(lambda text, thought: {"content": text, "reasoning": thought}, _TEXTS, _TEXTS),
    st.builds(lambda calls: {"tool_calls": calls}, st.lists(_CALLS, min_size=1, max_size=2)),
    st.builds(lambda text: {"function_call": {"arguments": text}}, _TEXTS),
    st.builds(lambda text: {"function_call": {"name": "f", "arguments": text}}, _TEXTS),
    st.just({}),
    st.none(),
)
_USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 5,
    "total_tokens": 8,
    "prompt_tokens_details": {"cached_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
_BEFORE = st.one_of(
    st.builds(chunk, _DELTAS),
    st.builds(chunk, _DELTAS),
    st.builds(chunk, _DELTAS, usage=st.just(None)),
    st.just({"id": "c1", "choices": [], "prompt_filter_results": []}),  # Azure's first
)
_ENDS = st.sampled_from(
    [
        [chunk({}, "stop", service_tier="default", system_fingerprint="fp")],
        [chunk({}, "tool_calls"), {"id": "c1", "choices": [], "usage": _USAGE}],
        [chunk({"content": "."}, "length", usage=_USAGE)],
        [chunk({}, "stop"), {"id": "c1", "choices": None, "usage": _USAGE}],
    ]
)
_FORMS = st.fixed_dictionaries(
    {
        "end": st.sampled_from(["\n", "\r\n", "\r"]),
        "space": st.sampled_from(["", " "]),
        "ascii": st.booleans(),
        "lines": st.sampled_from([None, None, 1]),
    }
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Chunk], list[bytes]]:
    """The chunks of a valid stream, and its bytes in pieces that are cut anywhere."""
    chunks = draw(st.lists(_BEFORE, min_size=1, max_size=12)) + draw(_ENDS)
    form = draw(_FORMS)
    end = form["end"].encode()
    comments = draw(
        st.sampled_from([b"", b": keep-alive" + end + end, b":" + end, b"event: message" + end, b"id: 7" + end])
    )
    done = draw(st.sampled_from([b"data: [DONE]", b"data:[DONE]", b"data: [DONE] and more"])) + end + end
    whole = b"".join(comments + event(chunk, **form) for chunk in chunks) + done
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    every = draw(st.sampled_from([0, 0, 0, 1, 3]))
    places = [*range(0, len(whole), every)] if every else [0, *cuts]
    return chunks, [whole[a:b] for a, b in zip(places, [*places[1:], len(whole)], strict=True)]
