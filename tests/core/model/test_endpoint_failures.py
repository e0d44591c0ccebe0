"""Every failure of an endpoint as the error it becomes, against the loopback model server."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

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
from core.model.endpoint import Endpoint
from core.model.reading import Patience
from core.types import Delta
from tests.core.model.asking import HI, KEY, endpoint, failure, read, text_of
from tests.patience import PATIENCE
from tests.platforms.model import Fault, ModelServer


def context_error(message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code}}


FAILURES: list[tuple[Fault, type[ModelError]]] = [
    (Fault(status=401), ModelForbidden),
    (Fault(status=402), ModelForbidden),
    (Fault(status=403), ModelForbidden),
    (Fault(status=404), ModelUnknown),
    (Fault(status=404, body="<html>Not found</html>"), ModelUnknown),
    (Fault(status=408), ModelUnreachable),
    (Fault(status=413, body="<html>Too large</html>"), ContextTooLong),
    (Fault(status=422), ModelRefused),
    (Fault(status=429, headers={"Retry-After": "60"}), ModelBusy),
    (Fault(status=429, body=context_error("You exceeded your current quota", "insufficient_quota")), ModelForbidden),
    (Fault(status=500), ModelBusy),
    (Fault(status=502, body="<html>Bad gateway</html>"), ModelBusy),
    (Fault(status=503), ModelBusy),
    (Fault(status=529), ModelBusy),
    (Fault(status=400, body=context_error("content_filter", "content_filter")), ModelRefused),
    (Fault(status=400, body=context_error("model x not found", "model_not_found")), ModelUnknown),
    # OpenAI
    (Fault(status=400, body=context_error("This model's maximum context length is 8192 tokens.")), ContextTooLong),
    (Fault(status=400, body=context_error("Too much", "context_length_exceeded")), ContextTooLong),
    # llama.cpp
    (
        Fault(status=400, body={"error": {"code": 400, "message": "x", "type": "exceed_context_size_error"}}),
        ContextTooLong,
    ),
    (Fault(how="html"), ModelUnreachable),
    # error events inside the stream: OpenRouter's form with a status, then forms without
    (Fault(how="error", after=1, body={"error": {"code": 502, "message": "Provider disconnected"}}), ModelBusy),
    (Fault(how="error", body={"error": {"code": 429, "message": "slow down"}}), ModelBusy),
    (Fault(how="error", after=1, body={"error": {"message": "Overloaded", "type": "overloaded_error"}}), ModelBusy),
    (Fault(how="error", body={"error": {"message": "Input exceeds the context window"}}), ContextTooLong),
    (Fault(how="error", after=1, body={"error": {"message": "Something odd"}}), ModelCut),
    (Fault(how="malformed", after=1), ModelCut),
    (Fault(how="malformed", after=0), ModelCut),
    (Fault(how="error", after=1, body={"choices": "none"}), ModelCut),  # JSON, but no chunk
    (Fault(how="end", after=0), ModelCut),
    (Fault(how="end", after=2), ModelCut),
    (Fault(how="cut", after=2), ModelCut),
]


@pytest.mark.parametrize(("fault", "kind"), FAILURES, ids=lambda value: getattr(value, "__name__", None))
async def test_every_failure_has_its_own_error(fault: Fault, kind: type[ModelError]) -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server:
        error, text = await failure(server, fault, model="loopback-model")
        assert type(error) is kind, error
        assert str(error) != (kind.__doc__ or "").strip()  # the log learns what the endpoint said
        assert text == "abcdef"[: 2 * fault.after]


async def test_an_error_carries_the_endpoints_words_but_no_key() -> None:
    async with ModelServer(key="another") as server:
        error, _ = await failure(server, Fault(), model="loopback-model", keys=[KEY])
    assert isinstance(error, ModelForbidden)
    assert "Incorrect API key provided: ***" in str(error)
    chain = [error, error.__cause__, error.__context__]
    assert KEY not in repr([(link, vars(link)) for link in chain if link is not None])


async def test_nobody_listening_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    model = Endpoint(base_url=f"http://127.0.0.1:{port}/v1", model="any")
    with pytest.raises(ModelUnreachable, match="Connection"):
        await read(model)
    await model.close()


async def test_a_silent_endpoint_is_unreachable_before_the_first_text() -> None:
    async with ModelServer(first=30) as server:
        error, _ = await failure(server, Fault(), patience=Patience(first=0.05, gap=9), model="loopback-model")
        assert isinstance(error, ModelUnreachable)
        assert "silent for 0.05 s" in str(error)
        async with asyncio.timeout(PATIENCE):
            await server.requests[-1].dropped.wait()


async def test_an_answer_that_stalls_is_cut() -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server:
        patience = Patience(first=PATIENCE, gap=1.0)  # in which the pieces before the stall must come
        error, text = await failure(server, Fault(how="stall", after=2), patience=patience, model="loopback-model")
        assert isinstance(error, ModelCut)
        assert text == "abcd"
        async with asyncio.timeout(PATIENCE):
            await server.requests[-1].dropped.wait()


async def test_a_slow_reader_is_not_taken_for_a_slow_endpoint() -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server, endpoint(server, patience=Patience(gap=1.0)) as model:
        text = ""
        async for delta in model.stream(HI):
            await asyncio.sleep(0 if text else 1.1)
            text += delta.text
    assert text == "abcdef"


async def test_a_whole_answer_does_not_wait_long_for_its_last_line() -> None:
    async with ModelServer(reply="abcdef") as server:
        server.faults.append(Fault(how="late"))
        async with endpoint(server, patience=Patience(tail=0.05)) as model:
            deltas = await read(model)
    assert text_of(deltas) == "abcdef"
    assert deltas[-1] == Delta(finish="stop")
