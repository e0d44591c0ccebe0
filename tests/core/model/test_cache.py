"""An answer is given again: to the same prompt, in the same chat, when it was complete, and not when asked anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from core.errors import ModelCut
from core.model.asking import ASKING, Asking
from core.model.cache import Cached
from core.model.seam import Status
from core.types import Delta, Usage

HI = [HumanMessage("hi")]


class Counting:
    """Says how often it was asked."""

    context_tokens: int | None = None

    def __init__(self) -> None:
        self.asked = 0
        self.finish = "stop"
        self.begins_anew = False

    def status(self) -> Status:
        return Status("a model", ready=True)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        self.asked += 1
        yield Delta("answer ")
        if self.begins_anew:
            yield Delta("again: answer ", anew=True)
        if not self.finish:
            raise ModelCut
        yield Delta(str(self.asked), finish=self.finish, usage=Usage(1, 2))


class Drawer(dict[str, str]):
    async def get(self, key: str) -> str | None:  # type: ignore[override]
        return super().get(key)

    async def put(self, key: str, text: str) -> None:
        self[key] = text

    async def close(self) -> None: ...


@pytest.fixture
def model() -> Counting:
    return Counting()


@pytest.fixture
def cached(model: Counting) -> Cached:
    return Cached(model, Drawer(), identity="a model")


async def ask(
    cached: Cached, messages: Sequence[BaseMessage] = HI, scope: str = "dana", anew: bool = False, said: str = ""
) -> list[Delta]:
    token = ASKING.set(Asking(scope=scope, anew=anew))
    try:
        return [delta async for delta in cached.stream(messages, said)]
    finally:
        ASKING.reset(token)


async def test_the_same_prompt_gets_its_answer_in_one_piece(cached: Cached, model: Counting) -> None:
    first = await ask(cached)
    assert await ask(cached) == [Delta("answer 1", finish="stop", model="a model")]
    assert model.asked == 1
    assert first[-1].usage == Usage(1, 2)


async def test_never_across_chats_and_never_for_nobody(cached: Cached, model: Counting) -> None:
    await ask(cached)
    await ask(cached, scope="a group")
    await ask(cached, scope="")
    await ask(cached, scope="")
    assert model.asked == 4


async def test_another_prompt_or_another_model_is_asked(cached: Cached, model: Counting) -> None:
    await ask(cached)
    await ask(cached, [HumanMessage("hi"), AIMessage("hello"), HumanMessage("hi")])
    await ask(cached, [AIMessage("hi")])
    assert model.asked == 3
    await ask(Cached(model, cached._shelf, identity="a better one"))
    assert model.asked == 4


async def test_asked_anew_it_is_another_answer_and_that_one_is_kept(cached: Cached, model: Counting) -> None:
    await ask(cached)
    assert (await ask(cached, anew=True))[-1].text == "2"
    assert (await ask(cached))[0].text == "answer 2"


@pytest.mark.parametrize("finish", ["length", "content_filter", ""])
async def test_only_complete_answers_are_kept(cached: Cached, model: Counting, finish: str) -> None:
    model.finish = finish
    for _ in range(2):
        if finish:
            await ask(cached)
        else:
            with pytest.raises(ModelCut):
                await ask(cached)
    assert model.asked == 2


async def test_what_goes_on_from_the_middle_is_not_an_answer(cached: Cached, model: Counting) -> None:
    await ask(cached, said="It was")
    await ask(cached)
    assert model.asked == 2
    await ask(cached, said="It was")
    assert model.asked == 3


async def test_an_answer_that_began_anew_is_kept_without_what_was_void(cached: Cached, model: Counting) -> None:
    model.begins_anew = True
    await ask(cached)
    assert (await ask(cached))[0].text == "again: answer 1"
