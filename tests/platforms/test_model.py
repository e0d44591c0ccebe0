"""The loopback model server keeps its promises: what a story test may rely on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.patience import PATIENCE
from tests.platforms.model import Fault, ModelServer, remember

HI = {"role": "user", "content": "Hi"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def body(*messages: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {"model": "loopback-model", "messages": list(messages or [HI]), "stream": True, **extra}


async def lines(answer: aiohttp.ClientResponse) -> list[str]:
    return [line.decode().strip().removeprefix("data: ") async for line in answer.content if line.strip()]


async def ask(http: aiohttp.ClientSession, server: ModelServer, *messages: dict[str, Any], **extra: Any) -> list[str]:
    async with http.post(f"{server.url}/chat/completions", json=body(*messages, **extra)) as answer:
        assert answer.status == 200, await answer.text()
        return await lines(answer)


def text_of(events: list[str]) -> str:
    chunks = [json.loads(event) for event in events if event != "[DONE]"]
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])


async def test_streams_the_reply_in_pieces_and_records_what_was_sent(http: aiohttp.ClientSession) -> None:
    async with ModelServer(reply="Hello 你好 👋", chunk=3) as server:
        events = await ask(http, server)
    assert text_of(events) == "Hello 你好 👋"
    assert events[-1] == "[DONE]"
    assert json.loads(events[-2])["choices"][0]["finish_reason"] == "stop"
    request = server.requests[-1]
    assert (request.messages, request.text, request.sent, request.finished) == ([HI], "Hi", 4, True)
    assert request.headers["Content-Type"] == "application/json"


async def test_counts_tokens_only_when_asked_to(http: aiohttp.ClientSession) -> None:
    async with ModelServer(reply="12345678") as server:
        plain = await ask(http, server)
        counted = await ask(http, server, stream_options={"include_usage": True})
    assert not any("usage" in event for event in plain)
    usage = json.loads(counted[-2])["usage"]
    assert usage == {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}


async def test_answers_whole_when_no_stream_is_wanted(http: aiohttp.ClientSession) -> None:
    async with (
        ModelServer(reply="Hello") as server,
        http.post(f"{server.url}/chat/completions", json=body(stream=False)) as answer,
    ):
        told = await answer.json()
    assert told["choices"][0]["message"]["content"] == "Hello"
    assert told["usage"]["completion_tokens"] == 2


async def test_lists_its_models(http: aiohttp.ClientSession) -> None:
    async with ModelServer(models=["a", "b"]) as server, http.get(f"{server.url}/models") as answer:
        told = await answer.json()
    assert [row["id"] for row in told["data"]] == ["a", "b"]
    assert server.asked_for_models == 1


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (["my name is Dana"], "Nice to meet you, Dana."),
        (["my name is Dana", "what is my name?"], "Your name is Dana."),
        (["my name is Dana", "No, my name is Kim", "What's my name"], "Your name is Kim."),
        (["what is my name?"], "I do not know your name."),
        (["我叫小明。", "我叫什么名字？"], "Your name is 小明."),
        (["Hello"], "You said: Hello"),
    ],
)
def test_the_default_reply_knows_only_what_it_was_sent(said: list[str], reply: str) -> None:
    assert remember([{"role": "user", "content": text} for text in said]) == reply


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"model": "other"}, 404),
        ({"messages": []}, 400),
        ({"messages": [{"role": "narrator", "content": "x"}]}, 400),
        ({"stream": False, "stream_options": {"include_usage": True}}, 400),
    ],
)
async def test_refuses_what_openai_refuses(http: aiohttp.ClientSession, change: dict[str, Any], status: int) -> None:
    async with ModelServer() as server, http.post(f"{server.url}/chat/completions", json=body() | change) as answer:
        assert answer.status == status
        assert "message" in (await answer.json())["error"]


async def test_lets_in_only_its_key(http: aiohttp.ClientSession) -> None:
    async with ModelServer(key="right") as server:
        for key, status in (("wrong", 401), ("right", 200)):
            headers = {"Authorization": f"Bearer {key}"}
            async with http.post(f"{server.url}/chat/completions", json=body(), headers=headers) as answer:
                assert answer.status == status


async def test_a_fault_spoils_one_request_and_the_next_is_fine(http: aiohttp.ClientSession) -> None:
    async with ModelServer(reply="Hello") as server:
        server.faults.append(Fault(status=429, headers={"Retry-After": "7"}))
        async with http.post(f"{server.url}/chat/completions", json=body()) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
        assert text_of(await ask(http, server)) == "Hello"


async def test_silent_end_and_malformed_line(http: aiohttp.ClientSession) -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server:
        server.faults.extend([Fault(how="end", after=2), Fault(how="malformed", after=1)])
        ended = await ask(http, server)
        assert (text_of(ended), ended[-1] == "[DONE]") == ("abcd", False)
        spoiled = await ask(http, server)
    with pytest.raises(json.JSONDecodeError):
        text_of(spoiled)


async def test_a_cut_answer_ends_the_connection(http: aiohttp.ClientSession) -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server:
        server.faults.append(Fault(how="cut", after=2))
        with pytest.raises(aiohttp.ClientError):
            await ask(http, server)
        assert server.requests[-1].sent == 2


async def test_the_gate_holds_answers_half_way_until_it_opens(http: aiohttp.ClientSession) -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server:
        gate = server.hold(after=2)
        asking = [asyncio.create_task(ask(http, server)) for _ in range(2)]
        await gate.reached(2)
        assert [request.sent for request in server.requests] == [2, 2]
        assert not any(task.done() for task in asking)
        gate.open()
        assert [text_of(events) for events in await asyncio.gather(*asking)] == ["abcdef", "abcdef"]


async def test_notices_a_client_that_hangs_up(http: aiohttp.ClientSession) -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server:
        gate = server.hold(after=1)
        asking = asyncio.create_task(ask(http, server))
        await gate.reached()
        asking.cancel()
        async with asyncio.timeout(PATIENCE):
            await server.requests[-1].dropped.wait()
        assert not server.requests[-1].finished
