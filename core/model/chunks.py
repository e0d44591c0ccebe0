"""A chat completion's chunks out of the bytes of its stream. `core.model.chat` feeds it and hands them to LangChain.

What arrived together becomes one chunk where that loses nothing: making a message costs twenty times what reading
its line costs.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from core.model.alike import Alike
from core.model.events import Events, data_of
from core.model.parts import one_kind_each

# What a delta may carry as text, beside "content". DeepSeek, Qwen and llama.cpp call their thoughts
# reasoning_content; OpenRouter, Groq and vLLM call them reasoning.
THOUGHTS = ("reasoning_content", "reasoning", "refusal")
_TEXTS = frozenset(("content", *THOUGHTS))
_CALL = frozenset(("index", "function", "type"))
_ROLE = ("role", "assistant")  # some say it with every piece
_ENOUGH = 100  # bytes of a malformed line that reach the log

Chunk = dict[str, Any]


class Text(Chunk):
    """A chunk that carries one text and nothing else. field: "content" or one of THOUGHTS.

    It is a dict since LangChain asks for one, and an empty one since making it full would cost as much as the rest.
    """

    __slots__ = ("field", "text")

    def __init__(self, field: str, text: str) -> None:
        self.field, self.text = field, text

    def full(self) -> Chunk:
        """The chunk as the endpoint might have sent it."""
        return {"choices": [{"delta": {self.field: self.text}}]}


class StreamFailed(Exception):
    """The endpoint sent an error in place of a chunk. body: its own words."""

    def __init__(self, body: Any) -> None:
        message = body.get("message") if isinstance(body, dict) else body
        super().__init__(message if message and isinstance(message, str) else "an error in the stream")
        self.body = body


class Chunks:
    """Reads one stream. After `done` or a `problem` nothing more comes of it."""

    def __init__(self) -> None:
        self.done = False
        self.problem: Exception | None = None
        self._events = Events()
        self._alike = Alike()
        self._any = False

    def feed(self, piece: bytes) -> list[Chunk]:
        """The chunks that are complete now, merged. A problem comes after the chunks that came before it."""
        return self._read(self._events.feed(piece))

    def end(self) -> list[Chunk]:
        """What a stream that ended still holds: an event without its empty line, or an error that is no stream."""
        self.done = True
        rest = self._events.rest().strip()
        if not self._any:
            return self._read([data_of(rest) or rest]) if rest else []
        found = self._read([data] if (data := data_of(rest)) else [])
        if isinstance(self.problem, ValueError):  # a line that is cut: the missing finish reason will tell
            self.problem = None
        return found

    def _read(self, events: list[bytes]) -> list[Chunk]:
        found: list[Chunk] = []
        at = 0
        while at < len(events):
            if texts := self._alike.texts(events, at):
                found.append(Text(self._alike.field, "".join(texts)))
                at += len(texts)
                continue
            try:
                found.append(self._learnt(events[at]))
            except (ValueError, StreamFailed) as problem:
                if events[at].lstrip().startswith(b"[DONE]"):  # which is no JSON
                    self.done = True
                else:
                    self.problem = problem
                break
            at += 1
        self._any = self._any or bool(events)
        return merged(found)

    def _learnt(self, data: bytes) -> Chunk:
        """The chunk in a line of data, by which the next ones may be known."""
        chunk = parsed(data)
        field, text = text_of(chunk)
        if not isinstance(field, str) or not field:
            return chunk
        self._alike.learn(data, field, text, lambda data: text_of(parsed(data)))
        return Text(field, text)


def merged(chunks: list[Chunk]) -> list[Chunk]:
    """The chunks in their order, with runs of one text, or of the arguments of one tool call, made one."""
    made: list[Chunk] = []
    before: str | int = ""
    texts: list[str] = []
    for chunk in chunks:
        kind, text = text_of(chunk)
        if kind != before:
            if texts:
                made.append(_one(before, texts))
                texts = []
            before = kind
        if kind == "":
            parts = one_kind_each(chunk)
            made += parts if parts[0] is chunk else merged(parts)
        else:
            texts.append(text)
    if texts:
        made.append(_one(before, texts))
    return made


def _one(kind: str | int, texts: list[str]) -> Chunk:
    text = "".join(texts)
    return Text(kind, text) if isinstance(kind, str) else _call(kind, text)


def parsed(data: bytes) -> Chunk:
    """The chunk in a line of data. Raises StreamFailed for an error event, ValueError for what is no chunk."""
    try:
        chunk = orjson.loads(data)
    except ValueError:
        chunk = _leniently(data)
    if not isinstance(chunk, dict):
        raise ValueError(f"no chunk: {data[:_ENOUGH]!r}")
    if error := chunk.get("error"):
        inner = error.get("error") if isinstance(error, dict) else None
        raise StreamFailed(inner or error)
    return chunk


def text_of(chunk: Chunk) -> tuple[str | int, str]:
    """The text of a chunk that carries nothing else, and its field; ("", "") of any other.

    A piece of a tool call's arguments counts as text too, with the call's index for a field.
    """
    if type(chunk) is Text:
        return chunk.field, chunk.text
    try:
        (choice,) = chunk["choices"]
        if chunk.get("usage") or choice.get("finish_reason") or choice.get("logprobs"):
            return "", ""
        ((field, text),) = [item for item in choice["delta"].items() if item[1] and item != _ROLE]
        if field == "tool_calls":
            return _arguments(text)
    except (KeyError, TypeError, ValueError, AttributeError):
        return "", ""
    return (field, text) if field in _TEXTS and isinstance(text, str) else ("", "")


def _arguments(calls: Any) -> tuple[str | int, str]:
    """Of a piece that only goes on with one call: it names neither an id nor a function."""
    (call,) = calls
    index, function = call["index"], call["function"]
    more = call.keys() - _CALL or function.keys() - {"arguments"}
    fits = type(index) is int and isinstance(function["arguments"], str) and not more
    return (index, function["arguments"]) if fits else ("", "")


def _call(index: int, arguments: str) -> Chunk:
    return {"choices": [{"delta": {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}}]}


def _leniently(data: bytes) -> Any:
    """JSON that orjson will not read: NaN, and emoji that a server cut into two halves."""
    try:
        return json.loads(data)
    except ValueError:
        raise ValueError(f"a malformed line: {data[:_ENOUGH]!r}") from None
