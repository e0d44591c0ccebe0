"""The endpoint, with the real ChatOpenAI, against the loopback model server."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from core.errors import (
    ModelRefused,
)
from core.model.asking import ASKING, Asking, Parameters
from core.model.endpoint import DEFAULT_MODEL, Endpoint
from core.types import Delta, Usage
from tests.core.model.asking import HI, KEY, endpoint, failure, read, text_of
from tests.core.model.streams import chunk, event
from tests.patience import PATIENCE
from tests.platforms.model import Fault, ModelServer


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
    assert deltas == [Delta(thought="hm"), Delta("Hello"), Delta(finish="stop")]


THINKS = "hm, hm\n</think>\n\nHello"


async def test_a_model_whose_thoughts_have_no_beginning_is_known_by_its_first_two_answers() -> None:
    async with ModelServer(THINKS) as server, endpoint(server) as model:
        first, second, third = [await read(model) for _ in range(3)]
        server.reply = "No need to think."
        fourth, fifth = await read(model), await read(model)
    assert final(first) == final(second) == ("", THINKS)
    assert final(third) == ("hm, hm", "Hello")
    assert final(fourth) == final(fifth) == ("", "No need to think.")
    assert [any(delta.anew for delta in deltas) for deltas in (first, second, third, fourth, fifth)] == [0, 0, 0, 1, 0]


async def test_one_answer_with_a_closing_tag_takes_nothing_from_itself_or_the_next() -> None:
    reply = "Thoughts end with\n</think>\nand then comes the answer."
    async with ModelServer(reply) as server, endpoint(server) as model:
        assert final(await read(model)) == ("", server.reply)
        server.reply, server.finish = "An ordinary answer. " * 20, "length"
        deltas = await read(model)
    assert final(deltas) == ("", server.reply)
    assert not any(delta.anew or delta.thought for delta in deltas)


@pytest.mark.parametrize("cut", ["by the endpoint", "here"])
async def test_an_ordinary_answer_of_a_model_that_was_known_to_think_is_not_lost_when_it_is_cut(cut: str) -> None:
    token = ASKING.set(Asking(parameters=Parameters(length=None if cut == "by the endpoint" else 20)))
    async with ModelServer(THINKS, obeys=cut != "here") as server, endpoint(server) as model:
        await read(model), await read(model)
        server.reply, server.finish = "An ordinary answer. " * 20, "length"
        deltas = await read(model)
    ASKING.reset(token)
    assert deltas[-1].finish == "length"
    thoughts, text = final(deltas)
    assert thoughts == ""
    assert len(text) >= 120
    assert server.reply.startswith(text)


def final(deltas: list[Delta]) -> tuple[str, str]:
    """The thoughts and the text as they are in the end."""
    thoughts, text = "", ""
    for delta in deltas:
        thoughts, text = ("", "") if delta.anew else (thoughts, text)
        thoughts, text = thoughts + delta.thought, text + delta.text
    return thoughts.strip(), text


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
        async with asyncio.timeout(PATIENCE):
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


async def test_several_keys_are_sent_in_turn_and_a_placeholder_without() -> None:
    async with ModelServer() as server:
        for keys in (["one", "two"], []):
            async with endpoint(server, keys=keys, model="loopback-model") as model:
                for _ in range(3):
                    await read(model)
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer one", "Bearer two", "Bearer one", *["Bearer none"] * 3]


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
