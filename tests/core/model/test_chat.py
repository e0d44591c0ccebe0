"""What FastChatOpenAI makes of a stream is what ChatOpenAI makes of the same bytes, and what that one drops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from langchain_core.messages import AIMessageChunk, BaseMessageChunk, HumanMessage
from langchain_openai import ChatOpenAI

from core.model.chat import FastChatOpenAI
from core.model.chunks import THOUGHTS
from tests.core.model.streams import Chunk, Pieces, chunk, event, streams

HI = [HumanMessage("Hi")]


def chat(kind: type[ChatOpenAI], pieces: Sequence[bytes]) -> tuple[Any, Pieces]:
    transport = Pieces(pieces)
    client = httpx2.AsyncClient(transport=transport)
    options: dict[str, Any] = {"http_async_client": client, "stream_chunk_timeout": None, "max_retries": 0}
    return kind(model="m", base_url="http://model.invalid/v1", api_key="k", **options), transport


async def summed(stream: AsyncIterator[BaseMessageChunk]) -> BaseMessageChunk:
    first, *rest = [piece async for piece in stream]
    assert isinstance(first, AIMessageChunk)
    return first + rest


def theirs(pieces: Sequence[bytes]) -> BaseMessageChunk:
    return asyncio.run(summed(chat(ChatOpenAI, pieces)[0].astream(HI)))


def ours(pieces: Sequence[bytes]) -> BaseMessageChunk:
    return asyncio.run(summed(chat(FastChatOpenAI, pieces)[0].chunks(HI, usage=True, key="k")))


def of(message: BaseMessageChunk) -> dict[str, Any]:
    """All that counts in a message, but for what ChatOpenAI drops."""
    told = message.model_dump(exclude={"id", "chunk_position"})
    return told | {"additional_kwargs": {k: v for k, v in told["additional_kwargs"].items() if k not in THOUGHTS}}


def thoughts(message: BaseMessageChunk) -> dict[str, str]:
    return {k: v for k, v in message.additional_kwargs.items() if k in THOUGHTS}


def sent_thoughts(chunks: Sequence[Chunk]) -> dict[str, str]:
    deltas = [(each["choices"] or [{}])[0].get("delta") or {} for each in chunks]
    told = {field: "".join(delta.get(field) or "" for delta in deltas) for field in THOUGHTS}
    return {field: text for field, text in told.items() if text}


@settings(max_examples=150, deadline=None)
@given(streams())
def test_any_cut_of_any_stream_gives_the_message_of_langchain(stream: tuple[list[Chunk], list[bytes]]) -> None:
    chunks, pieces = stream
    expected = theirs([b"".join(pieces)])
    message = ours(pieces)
    assert of(message) == of(expected)
    assert thoughts(message) == sent_thoughts(chunks)


@settings(max_examples=30, deadline=None)
@given(streams())
def test_astream_gives_it_too(stream: tuple[list[Chunk], list[bytes]]) -> None:
    chunks, pieces = stream
    message = asyncio.run(summed(chat(FastChatOpenAI, pieces)[0].astream(HI)))
    assert of(message) == of(theirs(pieces))
    assert thoughts(message) == sent_thoughts(chunks)


async def messages(*chunks: Chunk) -> list[AIMessageChunk]:
    """The messages of chunks that arrived together."""
    whole = b"".join(event(each) for each in chunks)
    return [message async for message in chat(FastChatOpenAI, [whole])[0].chunks(HI, usage=False, key="k")]


async def test_what_arrived_together_is_one_message_and_order_stays() -> None:
    told = ["r:Let me ", "r:think.", "c:Hel", "c:lo", "r:Hm.", "c:!"]
    names = {"r": "reasoning", "c": "content"}
    made = await messages(*[chunk({names[each[0]]: each[2:]}) for each in told])
    assert [(message.content, message.additional_kwargs) for message in made] == [
        ("", {"reasoning": "Let me think."}),
        ("Hello", {}),
        ("", {"reasoning": "Hm."}),
        ("!", {}),
    ]


async def test_a_tool_calls_arguments_are_one_message() -> None:
    begun = chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]})
    more = [chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}) for piece in ['{"a"', ":", "1}"]]
    made = await messages(begun, *more)
    assert len(made) == 2
    assert (made[0] + made[1:]).tool_calls == [{"name": "f", "args": {"a": 1}, "id": "a", "type": "tool_call"}]


async def test_tool_calls_without_an_index_are_kept() -> None:
    """Gemini leaves it out; LangChain would drop all calls of such a delta if the SDK did not fill it in."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    bare = chunk({"tool_calls": [call]})
    message = (await messages(bare))[0]
    assert message.tool_call_chunks[0]["name"] == "f"
    assert of(message) == of(await summed(chat(ChatOpenAI, [event(bare)])[0].astream(HI)))


async def test_messages_share_nothing() -> None:
    one, two = await messages(chunk({"content": "a"}), chunk({"refusal": "b"}))
    one.response_metadata["x"] = one.additional_kwargs["x"] = 1
    one.tool_calls.append({"name": "f", "args": {}, "id": "a"})
    assert ("x" in two.response_metadata, "x" in two.additional_kwargs, two.tool_calls) == (False, False, [])
    assert (
        AIMessageChunk(content="a", response_metadata={"model_provider": "openai"})
        == (await messages(chunk({"content": "a"})))[0]
    )


async def test_the_request_is_closed_when_its_reader_stops() -> None:
    model, transport = chat(FastChatOpenAI, [event(chunk({"content": "a"})), event(chunk({"content": "b"}))])
    stream = model.chunks(HI, usage=False, key="k")
    await anext(stream)
    await stream.aclose()
    (body,) = transport.bodies
    assert (body.closed, body.ended_well) == (True, False)


async def test_after_done_nothing_is_read_and_the_connection_is_kept() -> None:
    last = event(chunk({"content": "a"}, "stop")) + b"data: [DONE]\n\n"
    model, transport = chat(FastChatOpenAI, [last, b"data: {broken\n\n"])
    assert [message.content async for message in model.chunks(HI, usage=False, key="k")] == ["a"]
    (body,) = transport.bodies
    assert (body.closed, body.ended_well) == (True, True)


async def test_a_whole_answer_goes_through_the_sdk() -> None:
    message = {"role": "assistant", "content": "Hello"}
    answer = {"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    model, _ = chat(FastChatOpenAI, [json.dumps(answer).encode()])
    assert (await model.ainvoke(HI)).content == "Hello"


@pytest.mark.parametrize("usage", [True, False])
async def test_usage_is_asked_for_when_wanted(usage: bool) -> None:
    sent: list[dict[str, Any]] = []

    async def remember(request: httpx2.Request) -> None:
        sent.append(json.loads(request.content))

    model, _ = chat(FastChatOpenAI, [event(chunk({"content": "a"}, "stop"))])
    model.http_async_client.event_hooks["request"].append(remember)
    assert [message.content async for message in model.chunks(HI, usage=usage, key="k")] == ["a"]
    assert sent[0].get("stream_options") == ({"include_usage": True} if usage else None)


async def test_openrouters_details_of_thoughts_are_kept() -> None:
    pieces = [{"type": "reasoning.text", "text": text, "index": 0} for text in ("I ", "think")]
    deltas = [{"content": "", "reasoning": piece["text"], "reasoning_details": [piece]} for piece in pieces]
    found = await messages(*(chunk(delta) for delta in deltas))
    assert [message.additional_kwargs["reasoning_details"] for message in found] == [[pieces[0]], [pieces[1]]]
    assert [message.additional_kwargs["reasoning"] for message in found] == ["I ", "think"]
