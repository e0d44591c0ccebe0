"""Cut off at any point and started again: the answer goes on in its message, from what was said already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from core.model import Status
from core.store.turns import Turns
from core.types import Delta
from tests.story.people import TelegramPerson
from tests.story.town import Town

STORY = "Once upon a time there was a bot that was killed again and again, and yet it told its story to the end."


class Continues:
    """Stands in for a model whose endpoint can go on: every word takes its time. asked: what was said before."""

    context_tokens = None

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.pace = 0.12

    def status(self) -> Status:
        return Status("test", ready=True)

    async def start(self) -> None: ...
    async def close(self) -> None: ...

    async def stream(self, messages: Sequence[Any], said: str = "") -> AsyncGenerator[Delta]:
        self.asked.append(said)
        assert STORY.startswith(said)
        for word in STORY[len(said) :].split(" "):
            yield Delta(word if word.endswith("end.") else f"{word} ")
            await asyncio.sleep(self.pace)
        yield Delta(finish="stop")


async def somebody(town: Town) -> TelegramPerson:
    await town.open("telegram", stop_grace=0.0)
    person = await town.person("telegram")
    assert isinstance(person, TelegramPerson)
    return person


async def test_the_model_goes_on_from_what_was_saved(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Continues()
    monkeypatch.setattr("bots.run.build_model", lambda *_, **__: model)
    dana = await somebody(town)
    await dana.says("Tell me a story.")
    await dana.hears("a bot that")
    await asyncio.sleep(0.3)
    await town.close()
    await town.start()
    assert await dana.hears("to the end.") == STORY
    assert [message.text for message in dana.chat.messages if message.from_bot] == [STORY]
    assert model.asked[0] == ""
    assert model.asked[1].startswith("Once upon a time there")


async def test_what_was_said_whole_is_not_asked_for_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    dana = await somebody(town)
    town.model.reply = STORY
    finish = Turns.finish

    async def never(*_: Any, **__: Any) -> bool:
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(Turns, "finish", never)
    await dana.asks("Tell me a story.", "to the end.")
    await asyncio.sleep(0.2)
    await town.close()
    monkeypatch.setattr(Turns, "finish", finish)
    town.model.reply = "Another story."
    await town.start()
    await dana.asks("And now?", "Another story.")
    assert [message.text for message in dana.chat.messages if message.from_bot] == [STORY, "Another story."]
    assert len(town.asked) == 2


async def test_a_message_that_was_deleted_while_nobody_looked_is_posted_anew(town: Town) -> None:
    dana = await somebody(town)
    town.model.reply = STORY
    gate = town.model.hold(after=10)
    await dana.says("Tell me a story.")
    await gate.reached()
    await dana.hears("Once upon a time")
    await town.close()
    for message in [message for message in dana.chat.messages if message.from_bot]:
        await dana.chat.remove(message)
    gate.open()
    await town.start()
    await dana.hears("to the end.")
    assert [message.text for message in dana.chat.messages if message.from_bot] == [STORY]
