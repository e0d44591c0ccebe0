"""The endpoint, with the real ChatOpenAI, against the loopback model server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

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
from core.model.endpoint import DEFAULT_MODEL, Endpoint, split_keys
from core.model.reading import Patience
from core.types import Delta, Usage
from tests.core.model.streams import chunk, event
from tests.platforms.model import Fault, ModelServer

HI: list[BaseMessage] = [HumanMessage("Hi")]
KEY = "sk-test-0123456789abcdef"


@asynccontextmanager
async def endpoint(server: ModelServer, **options: Any) -> AsyncIterator[Endpoint]:
    model = Endpoint(base_url=server.url, **options)
    await model.start()
    try:
        yield model
    finally:
        await model.close()


async def read(model: Endpoint, messages: list[BaseMessage] = HI) -> list[Delta]:
    return [delta async for delta in model.stream(messages)]


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


async def failure(server: ModelServer, fault: Fault, **options: Any) -> tuple[ModelError, str]:
    """The error that a fault becomes, and the text that came before it. A 400 is asked about twice."""
    server.faults.extend([fault, fault])
    pieces: list[str] = []

    async def collect(model: Endpoint) -> None:
        async for delta in model.stream(HI):
            pieces.append(delta.text)

    async with endpoint(server, **options) as model:
        with pytest.raises(ModelError) as caught:
            await collect(model)
    return caught.value, "".join(pieces)


async def test_streams_text_then_finish_and_usage() -> None:
    async with ModelServer(reply="Hello 你好 👋") as server, endpoint(server) as model:
        deltas = await read(model)
    assert text_of(deltas) == "Hello 你好 👋"
    assert all(delta.text and not delta.finish for delta in deltas[:-1])
    assert deltas[-1] == Delta(finish="stop", usage=Usage(prompt=1, completion=3))


async def test_sends_the_whole_conversation() -> None:
    history: list[BaseMessage] = [
        SystemMessage("Be brief. {braces} stay."),
        HumanMessage("My name is Dana"),
        AIMessage("Hello Dana"),
        HumanMessage("What is my name?"),
    ]
    async with ModelServer() as server, endpoint(server) as model:
        assert text_of(await read(model, history)) == "Your name is Dana."
    sent = server.requests[-1].messages
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
    assert sent[0]["content"] == "Be brief. {braces} stay."


async def test_each_piece_comes_as_soon_as_it_was_sent() -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server, endpoint(server) as model:
        gate = server.hold(after=1)
        async with aclosing(model.stream(HI)) as deltas:  # type: ignore[type-var]
            assert (await anext(deltas)).text == "ab"
            gate.open()
            assert text_of([delta async for delta in deltas]) == "cdef"


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
        async with asyncio.timeout(2):
            await server.requests[-1].dropped.wait()


async def test_an_answer_that_stalls_is_cut() -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server:
        patience = Patience(first=9, gap=0.05)
        error, text = await failure(server, Fault(how="stall", after=2), patience=patience, model="loopback-model")
        assert isinstance(error, ModelCut)
        assert text == "abcd"
        async with asyncio.timeout(2):
            await server.requests[-1].dropped.wait()


async def test_a_slow_reader_is_not_taken_for_a_slow_endpoint() -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server, endpoint(server, patience=Patience(gap=0.05)) as model:
        text = ""
        async for delta in model.stream(HI):
            text += delta.text
            await asyncio.sleep(0.06)
    assert text == "abcdef"


async def test_a_whole_answer_does_not_wait_long_for_its_last_line() -> None:
    async with ModelServer(reply="abcdef") as server:
        server.faults.append(Fault(how="late"))
        async with endpoint(server, patience=Patience(tail=0.05)) as model:
            deltas = await read(model)
    assert text_of(deltas) == "abcdef"
    assert deltas[-1] == Delta(finish="stop")


@pytest.mark.parametrize(
    ("halves", "text"),
    [(("a\ud83d", "\udc4bb"), "a👋b"), (("\ud83d", "x"), "�x"), (("x\ud83d",), "x�"), (("\udc4b", "👋"), "�👋")],
)
async def test_an_emoji_that_was_cut_in_two_is_whole_again(halves: tuple[str, ...], text: str) -> None:
    lines = [event(chunk({"content": half}), ascii=True) for half in halves] + [event(chunk({}, "stop"))]
    async with ModelServer() as server, endpoint(server) as model:
        server.faults.append(Fault(how="raw", body=lines))
        assert text_of(await read(model)) == text


async def test_thoughts_are_no_text_and_keep_the_watch_patient() -> None:
    lines = [event(chunk({"reasoning_content": "hm"})), event(chunk({"content": "Hello"}, "stop"))]
    async with ModelServer() as server, endpoint(server) as model:
        server.faults.append(Fault(how="raw", body=lines))
        deltas = await read(model)
    assert deltas == [Delta("Hello"), Delta(finish="stop")]


@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_stopping_the_reader_ends_the_request_upstream(how: str) -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server, endpoint(server) as model:
        gate = server.hold(after=1)
        stream = model.stream(HI)
        assert (await anext(stream)).text == "ab"
        await gate.reached()
        if how == "close":
            await stream.aclose()  # type: ignore[attr-defined]
        else:
            reading = asyncio.create_task(anext(stream))  # type: ignore[arg-type]
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        async with asyncio.timeout(1):
            await server.requests[-1].dropped.wait()


async def test_a_server_that_refuses_stream_options_is_asked_without_and_remembered() -> None:
    async with ModelServer(reply="Hello", refuse_options=True) as server, endpoint(server) as model:
        assert text_of(await read(model)) == "Hello"
        assert (await read(model))[-1] == Delta(finish="stop")
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


async def test_a_refusal_does_not_cost_the_usage_of_later_answers() -> None:
    async with ModelServer(reply="Hello") as server, endpoint(server) as model:
        server.faults.extend([Fault(status=400), Fault(status=400)])
        with pytest.raises(ModelRefused):
            await read(model)
        assert (await read(model))[-1].usage is not None


async def test_nothing_else_is_asked_twice() -> None:
    async with ModelServer() as server:
        await failure(server, Fault(status=429, headers={"Retry-After": "1"}))
        await failure(server, Fault(status=500))
        assert len(server.requests) == 2


async def test_the_first_model_that_can_chat_is_used() -> None:
    async with ModelServer(models=["nomic-embed-text", "small", "large"]) as server, endpoint(server) as model:
        await read(model)
        assert server.requests[-1].body["model"] == "small"
        assert model.status().name == "small"
        assert model.status().ready


async def test_no_model_is_asked_for_when_one_is_named() -> None:
    async with ModelServer(models=["other", "mine"]) as server, endpoint(server, model="mine") as model:
        await read(model)
    assert server.asked_for_models == 0
    assert server.requests[-1].body["model"] == "mine"


@pytest.mark.parametrize(
    ("fault", "kind", "cure"),
    [
        (Fault(status=401), ModelForbidden, "OPENAI_API_KEY"),
        (Fault(status=404), ModelUnknown, "set OPENAI_MODEL"),
        (Fault(status=503), ModelBusy, "overloaded"),
        (Fault(status=200, body="<html></html>"), ModelUnreachable, "OPENAI_BASE_URL"),
        (Fault(status=200, body={"data": []}), ModelUnknown, "load one there"),
        (Fault(status=200, body={"models": 1}), ModelUnknown, "load one there"),
    ],
)
async def test_the_status_says_what_is_wrong_with_the_endpoint(fault: Fault, kind: type[ModelError], cure: str) -> None:
    async with ModelServer() as server:
        server.model_faults.extend([fault] * 3)
        model = Endpoint(base_url=server.url, keys=[KEY])
        with pytest.raises(kind):
            await read(model)
        status = model.status()
        assert not status.ready
        assert cure in status.note
        assert KEY not in status.note
        await model.close()


async def test_an_endpoint_that_comes_up_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.model.endpoint.FIRST_PAUSE", 0.02)
    server = ModelServer(reply="Hello")
    await server.start()
    await server.stop()
    async with endpoint(server) as model:
        with pytest.raises(ModelUnreachable):
            await read(model)
        assert "start it, or correct OPENAI_BASE_URL" in model.status().note
        await server.start(port=int(server.url.split(":")[2].split("/")[0]))
        async with asyncio.timeout(5):
            while not model.status().ready:
                await asyncio.sleep(0.01)
        assert text_of(await read(model)) == "Hello"
        await server.stop()


async def test_the_first_of_several_keys_is_sent_and_a_placeholder_without() -> None:
    async with ModelServer() as server:
        for keys in (["one", "two"], []):
            async with endpoint(server, keys=keys) as model:
                await read(model)
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer one", "Bearer none"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [("", ()), ("a", ("a",)), ("a,b", ("a", "b")), (" a , b,, ", ("a", "b")), (",", ())],
)
def test_keys_are_separated_by_commas(text: str, keys: tuple[str, ...]) -> None:
    assert split_keys(text) == keys


async def test_openai_itself_gets_the_small_model_and_start_returns_at_once() -> None:
    model = Endpoint(keys=[KEY])
    await model.start()
    assert model.status().name == DEFAULT_MODEL
    assert not model.status().ready
    await model.close()


async def test_what_the_environment_says_to_the_sdk_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    async with ModelServer(reply="Hello", key="right") as server, endpoint(server, keys=["right"]) as model:
        assert text_of(await read(model)) == "Hello"
    body = server.requests[-1].body
    assert "temperature" not in body
    assert "max_completion_tokens" not in body


async def test_many_answers_at_once_do_not_mix() -> None:
    async with ModelServer(chunk=1) as server, endpoint(server) as model:
        asked = [[HumanMessage(f"question {number}")] for number in range(20)]
        answers = await asyncio.gather(*(read(model, list(messages)) for messages in asked))
    assert [text_of(deltas) for deltas in answers] == [f"You said: question {number}" for number in range(20)]
