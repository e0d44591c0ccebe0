"""What went wrong with an endpoint, in the words of `core.errors`. Called by the endpoint for every exception.

The message is for the log: it may quote the endpoint, but every key has been taken out of it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any

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
from core.model.room import numbers
from core.model.waiting import retry_after
from core.observe.scrub import scrub

LONGEST = 300  # characters of an endpoint's own words that reach the log

# What endpoints say when the prompt does not fit: OpenAI (context_length_exceeded), llama.cpp
# (exceed_context_size_error), vLLM and DeepSeek ("maximum context length"), Anthropic's ("prompt is too long"),
# Gemini ("exceeds the maximum number of tokens"), LM Studio ("greater than the context length").
_TOO_LONG = re.compile(
    r"context[ _]length|context[ _]size|context window|prompt is too long|maximum number of tokens"
    r"|reduce the length|too many tokens",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(r"insufficient[ _](quota|balance|credit|funds)|billing|credit balance", re.IGNORECASE)
_NO_MODEL = re.compile(r"model[ _]not[ _](found|exist)|model .{0,200}(does not exist|not found)", re.IGNORECASE)
_BUSY = re.compile(r"overload|rate[ _-]?limit|too many requests|capacity|server[ _]error|unavailable", re.IGNORECASE)


def line(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line, shortened, without these secrets and without anything that looks like one."""
    text = " ".join(scrub(text, secrets).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def by_status(status: int, words: str) -> type[ModelError]:
    """The error for an HTTP status and what the endpoint said with it."""
    if status in {401, 402, 403} or (status == 429 and _NO_MONEY.search(words)):
        return ModelForbidden
    if status == 413 or (400 <= status < 500 and status != 429 and _TOO_LONG.search(words)):
        return ContextTooLong
    if status == 404 or (status in {400, 422} and _NO_MODEL.search(words)):
        return ModelUnknown
    if status == 429 or status >= 500:
        return ModelBusy
    if status in {405, 408} or status < 400:  # not an API at all, or too slow
        return ModelUnreachable
    return ModelRefused


def by_words(words: str) -> type[ModelError]:
    """The error for an error event inside a stream, which has no status of its own."""
    if _TOO_LONG.search(words):
        return ContextTooLong
    if _NO_MONEY.search(words):
        return ModelForbidden
    return ModelBusy if _BUSY.search(words) else ModelCut


def explain(error: Exception, *, started: bool, secrets: Iterable[str] = ()) -> ModelError:
    """The ModelError for an exception that came out of ChatOpenAI.

    started: whether a piece of the stream had arrived. From then on a broken connection is a cut answer.
    """
    kind = _kind(error, started)
    response = getattr(error, "response", None)
    wait = retry_after(response.headers, time.time()) if response is not None else None
    told = line(_told(error), secrets)
    if kind is ContextTooLong:
        limit, sent, total = numbers(_words(error))
        return ContextTooLong(told, limit=limit, sent=sent, total=total)
    if kind is ModelBusy:
        return ModelBusy(told, retry_after=wait, limit=status_of(error) == 429)
    return kind(told)


def status_of(error: Exception) -> int:
    """The HTTP status behind an exception; also the one that gateways put into an error event; 0: none."""
    status = getattr(error, "status_code", None) or _body(error).get("code")
    return status if isinstance(status, int) and 100 <= status < 600 else 0


def _kind(error: Exception, started: bool) -> type[ModelError]:
    from openai import APIConnectionError, APIError

    if isinstance(error, TimeoutError | APIConnectionError):  # the SDK's timeouts are connection errors
        return ModelCut if started else ModelUnreachable
    if status := status_of(error):
        return by_status(status, _words(error))
    if isinstance(error, APIError):
        return by_words(_words(error))
    return ModelCut  # a malformed line, a chunk in a shape of its own, a stream without any chunk


def _body(error: Exception) -> dict[str, Any]:
    body = getattr(error, "body", None)
    return body if isinstance(body, dict) else {}


def _words(error: Exception) -> str:
    body = _body(error)
    return " ".join(str(part) for part in (error, body.get("code"), body.get("type"), body.get("message")) if part)


def _told(error: Exception) -> str:
    """What stands in the log: the exception, and the cause that the SDK hides behind "Connection error."."""
    causes: list[str] = []
    cause = error.__cause__
    while isinstance(cause, Exception) and len(causes) < 3:
        causes.append(f"{type(cause).__name__}: {cause}")
        cause = cause.__cause__
    told = f"{type(error).__name__}: {error}"
    return f"{told} ({causes[-1]})" if causes and "onnection" in type(error).__name__ else told
