"""An answer that broke off is finished by the endpoint itself, each in the way that it knows: at the model server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.errors import ModelBusy
from core.model.client import Tuning
from core.model.prefill import GO_ON, anchor, by_host, whole
from core.types import Delta
from tests.core.model.asking import HI, endpoint
from tests.platforms.model import Fault, ModelServer
from tests.platforms.replies import Messages, said

WHOLE = "The quick brown fox jumps over the lazy dog, and then it sleeps until the evening comes."
SAID = WHOLE[:50]


async def rest(server: ModelServer, told: str = SAID, **tuning: Any) -> tuple[str, list[Delta]]:
    """The answer as it is in the end, and the deltas."""
    async with endpoint(server, model="loopback-model", tuning=Tuning(**tuning)) as model:
        deltas = [delta async for delta in model.stream(HI, told)]
    text = told
    for delta in deltas:
        text = delta.text if delta.anew else text + delta.text
    return text, deltas


def obedient(messages: Messages) -> str:
    """Completes a last message of its own, repeats the last words when asked to, else says all of it."""
    last = messages[-1]
    if last["role"] == "assistant":
        return WHOLE[len(said(last)) :]
    words = said(last).rpartition("\n\n")[2]
    return WHOLE[WHOLE.index(words) :] if words in WHOLE else WHOLE


@pytest.mark.parametrize(
    ("owner", "message", "body"),
    [
        ("llamacpp", {}, {}),
        ("vllm", {}, {"continue_final_message": True, "add_generation_prompt": False}),
        ("sglang", {}, {"continue_final_message": True}),
    ],
)
async def test_a_server_that_names_itself_is_given_what_was_said(
    owner: str, message: dict[str, Any], body: dict[str, Any]
) -> None:
    async with ModelServer(obedient, owner=owner) as server:
        text, deltas = await rest(server)
    assert text == WHOLE
    assert not any(delta.anew for delta in deltas)
    assert server.requests[-1].messages == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": whole(SAID).rstrip(), **message},
    ]
    assert {name: server.requests[-1].body.get(name) for name in body} == body


@pytest.mark.parametrize(
    ("way", "field"), [("prefix", {"prefix": True}), ("partial", {"partial": True}), ("prefill", {})]
)
async def test_an_operator_may_name_the_way(way: str, field: dict[str, Any]) -> None:
    async with ModelServer(obedient) as server:
        assert (await rest(server, goes_on=way))[0] == WHOLE
    assert server.requests[-1].messages[-1] == {"role": "assistant", "content": whole(SAID).rstrip()} | field
    assert server.asked_for_models == 0


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://api.mistral.ai/v1", True),
        ("https://api.deepseek.com/beta", True),
        ("https://api.deepseek.com/v1", False),
        ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", True),
        ("https://api.moonshot.cn/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://example.com/api.mistral.ai/", False),
        ("not a url", False),
    ],
)
def test_hosts_whose_documentation_says_how(url: str, known: bool) -> None:
    assert (by_host(url) is not None) == known


async def test_any_other_is_asked_to_repeat_the_last_words() -> None:
    async with ModelServer(obedient) as server:
        text, deltas = await rest(server)
    assert text == WHOLE
    assert not any(delta.anew for delta in deltas)
    asked = server.requests[-1].messages
    assert asked[-2] == {"role": "assistant", "content": SAID.rstrip()}
    assert asked[-1] == {"role": "user", "content": GO_ON.format(words=anchor(SAID))}


async def test_what_the_server_refuses_is_not_tried_again() -> None:
    async with ModelServer(obedient, owner="llamacpp") as server:
        server.faults.extend([Fault(status=400)] * 2)  # once with and once without stream_options
        async with endpoint(server, model="loopback-model") as model:
            for _ in range(2):
                deltas = [delta async for delta in model.stream(HI, SAID)]
                assert SAID + "".join(delta.text for delta in deltas) == WHOLE
    roles = [request.messages[-1]["role"] for request in server.requests]
    assert roles == ["assistant", "assistant", "user", "user"]


@pytest.mark.parametrize(
    "reply",
    [
        lambda messages: "I have said it all." if len(messages) > 1 else WHOLE,
        lambda messages: "No. " * 300 if len(messages) > 1 else WHOLE,
        lambda messages: "" if len(messages) > 1 else WHOLE,
    ],
)
async def test_what_does_not_fit_is_begun_anew(reply: Callable[[Sequence[Any]], str]) -> None:
    async with ModelServer(reply) as server:
        text, deltas = await rest(server)
    assert text == WHOLE
    assert [delta.anew for delta in deltas].index(True) == 0
    assert server.requests[0].messages != server.requests[-1].messages
    assert server.requests[-1].messages == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(("told", "way"), [("Short", ""), (SAID, "anew")])
async def test_what_is_not_worth_it_or_not_possible_is_begun_anew(told: str, way: str) -> None:
    async with ModelServer(obedient) as server:
        text, deltas = await rest(server, told, goes_on=way)
    assert text == WHOLE
    assert deltas[0].anew
    assert len(server.requests) == 1


async def test_a_closing_tag_in_the_rest_is_text() -> None:
    async with ModelServer(lambda messages: f"{obedient(messages)}\n</think>\n\nA fox.", owner="llamacpp") as server:
        text, _ = await rest(server)
    assert text == f"{WHOLE}\n</think>\n\nA fox."
    assert len(server.requests) == 1


async def test_a_rest_that_was_taken_for_thoughts_is_joined_all_the_same() -> None:
    async with ModelServer("hm</think>Hello") as server, endpoint(server, model="loopback-model") as model:
        for _ in range(2):
            async for _ in model.stream(HI):
                pass
        server.reply = obedient
        deltas = [delta async for delta in model.stream(HI, SAID)]
    assert SAID + "".join(delta.text for delta in deltas) == WHOLE
    assert not any(delta.anew for delta in deltas)


async def test_a_failure_on_the_way_leaves_what_was_said() -> None:
    async with ModelServer(obedient) as server, endpoint(server, model="loopback-model") as model:
        server.faults.append(Fault(status=503))
        with pytest.raises(ModelBusy):
            await anext(model.stream(HI, SAID))


@pytest.mark.parametrize("cut", range(25, len(WHOLE) - 1, 7))
async def test_the_seam_is_not_seen_wherever_it_is(cut: int) -> None:
    for owner in ("llamacpp", "unknown"):
        async with ModelServer(obedient, owner=owner) as server:
            assert (await rest(server, WHOLE[:cut]))[0] == WHOLE
