"""ChatOpenAI, reading its streams at a fraction of the cost. The endpoint makes one for its model.

Prompts, requests, retries and messages are LangChain's and the SDK's. What is replaced is the SDK's parsing of every
chunk into pydantic models (half of the cost), its HTTP reading, and LangChain's keeping of every chunk for its tracers.
Private hooks are used, so langchain-openai is pinned: `_get_request_payload`, `_convert_chunk_to_generation_chunk`, and
that `_astream` takes chunks as dicts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Self, cast

import httpx2
import openai
from langchain_core.messages import AIMessageChunk, BaseMessage, BaseMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from langsmith.utils import tracing_is_enabled
from pydantic import model_validator

from core.model.chunks import THOUGHTS, Chunk, Chunks, StreamFailed, Text
from core.model.prefill import Prefill
from core.model.tracing import traced
from core.model.transport import BODY, Body

# OpenRouter's thoughts with what a later request must send back. https://openrouter.ai/docs/use-cases/reasoning-tokens
DETAILS = "reasoning_details"
_set = object.__setattr__  # pydantic's own looks at every name
_MESSAGE = vars(AIMessageChunk(content=""))


class FastChatOpenAI(ChatOpenAI):
    """Must be given an http_async_client over `core.model.transport.Transport`.

    Thoughts, their details and refusals, which ChatOpenAI drops, are in the messages' additional_kwargs under their own
    names.
    """

    @model_validator(mode="after")
    def _read_fast(self) -> Self:
        if not isinstance(self.async_client, Completions):
            self.async_client = Completions(self.async_client)
        return self

    def chunks(
        self,
        messages: list[BaseMessage],
        *,
        usage: bool,
        key: str,
        prefill: Prefill | None = None,
        shape: Callable[[dict[str, Any]], None] = lambda request: None,
    ) -> AsyncGenerator[AIMessageChunk]:
        """The messages of `astream`, without its callbacks; LangSmith is told when it is set to be.

        prefill: how the endpoint is told to go on with the last message, which is its own. shape: changes what is sent,
        for this answer.
        """
        chunks = self._chunks(messages, usage=usage, key=key, prefill=prefill, shape=shape)
        return traced(self, messages, chunks) if tracing_is_enabled() else chunks

    async def _chunks(
        self,
        messages: list[BaseMessage],
        *,
        usage: bool,
        key: str,
        prefill: Prefill | None,
        shape: Callable[[dict[str, Any]], None],
    ) -> AsyncGenerator[AIMessageChunk]:
        options: dict[str, Any] = {"stream": True}
        if usage:
            options["stream_options"] = {"include_usage": True}
        request = self._get_request_payload(messages, **options)
        request["extra_headers"] = {**(request.get("extra_headers") or {}), "Authorization": f"Bearer {key}"}
        if prefill is not None:
            request["messages"][-1] |= prefill.message
            request["extra_body"] = {**(request.get("extra_body") or {}), **prefill.body}
        shape(request)
        async with await self.async_client.create(**request) as answer:
            async for chunk in answer:
                if isinstance(chunk, Text):
                    yield _of_text(chunk)
                elif made := self._convert_chunk_to_generation_chunk(chunk, AIMessageChunk, None):
                    made.message.response_metadata |= made.generation_info or {}
                    yield cast("AIMessageChunk", made.message)

    def _convert_chunk_to_generation_chunk(
        self,
        chunk: Chunk,
        default_chunk_class: type[BaseMessageChunk],
        base_generation_info: dict[str, Any] | None,
    ) -> ChatGenerationChunk | None:
        chunk = chunk.full() if isinstance(chunk, Text) else _complete(chunk)
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        if made is not None and chunk.get("choices"):
            made.message.additional_kwargs |= _thoughts(chunk["choices"][0]["delta"])
        return made


class Completions:
    """What ChatOpenAI uses of the SDK's `chat.completions`: streams are read here, all else goes through."""

    def __init__(self, sdk: Any) -> None:
        self._sdk = sdk

    @property
    def with_raw_response(self) -> Any:
        return self._sdk.with_raw_response

    async def create(self, **request: Any) -> Any:
        if not request.get("stream"):
            return await self._sdk.create(**request)
        response = await self._sdk.with_streaming_response.create(**request).__aenter__()
        return Streamed(response.http_response)


class Streamed:
    """One answer as dicts: what ChatOpenAI expects of the SDK's stream. Leaving the context ends the request."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._body: Body = response.extensions[BODY]
        self._body.streaming()
        self._chunks = Chunks()
        self._ready: deque[Chunk] = deque()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._response.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Chunk:
        while not self._ready:
            if self._chunks.problem is not None:
                raise self._explained(self._chunks.problem)
            if self._chunks.done:
                raise StopAsyncIteration
            try:
                piece = await self._body.readany()
            except Exception as error:
                piece = self._held(error)
            self._take(piece)
        return self._ready.popleft()

    def _take(self, piece: bytes) -> None:
        self._ready.extend(self._chunks.feed(piece) if piece else self._chunks.end())
        if self._chunks.done:
            self._body.whole()

    def _held(self, error: Exception) -> bytes:
        try:
            return self._body.broken(error)
        except httpx2.TransportError as broken:
            raise self._explained(broken) from broken

    def _explained(self, problem: Exception) -> Exception:
        """The exception that the SDK would have raised, so that whoever explains errors need know one kind."""
        request = self._response.request
        if isinstance(problem, httpx2.TimeoutException):
            return openai.APITimeoutError(request=request)
        if isinstance(problem, httpx2.TransportError):
            return openai.APIConnectionError(request=request)
        if isinstance(problem, StreamFailed):
            return openai.APIError(str(problem), request=request, body=problem.body)
        return problem


def _of_text(chunk: Text) -> AIMessageChunk:
    """The message as LangChain makes it, without its validation: pydantic has seen one like it."""
    content = chunk.field == "content"
    fields = {
        "content": chunk.text if content else "",
        "additional_kwargs": {} if content else {chunk.field: chunk.text},
        "response_metadata": {"model_provider": "openai"},
        "tool_calls": [],
        "invalid_tool_calls": [],
        "tool_call_chunks": [],
    }
    message = AIMessageChunk.__new__(AIMessageChunk)
    _set(message, "__dict__", _MESSAGE | fields)
    _set(message, "__pydantic_fields_set__", {*fields})
    _set(message, "__pydantic_extra__", {})
    _set(message, "__pydantic_private__", None)
    return message


def _complete(chunk: Chunk) -> Chunk:
    """Fill in what an endpoint left out, as the SDK does: LangChain drops every tool call when one has no index."""
    for choice in chunk.get("choices") or ():
        delta = choice.setdefault("delta", None) or {}
        for call in delta.get("tool_calls") or ():
            call.setdefault("index", None)
            call["function"] = call.get("function") or {}
        if called := delta.get("function_call"):
            delta["function_call"] = {"arguments": None, "name": None} | called
    return chunk


def _thoughts(delta: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {field: text for field in THOUGHTS if (text := delta.get(field)) and isinstance(text, str)}
    if (details := delta.get(DETAILS)) and isinstance(details, list):
        kept[DETAILS] = details
    return kept
