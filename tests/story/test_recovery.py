"""Cut off at any point and started again: the answer goes on in its message, from what was said already."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from typing import Any

import pytest

from core.chat import UNSHOWN
from core.model import Status
from core.store.turns import Turns
from core.types import Delta
from tests.platforms.discord import SEND, VIEW, Channel, Interaction
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


def turns(town: Town) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(f"file:{town.folder}/chinwag.db?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT state, answer, note FROM turns").fetchall()


async def cut_off_and_expired(town: Town) -> tuple[Interaction, Channel]:
    """A slash command whose answer is half on screen when Chinwag ends, and whose token has run out since."""
    await town.open("discord", stop_grace=0.0)
    town.model.reply = STORY
    ann = town.discord.user("ann")
    channel = town.discord.guild("school", members=[ann]).channel("general")
    gate = town.model.hold(after=10)
    asked = await channel.slash(ann, "ask", question="Tell me a story.")
    await gate.reached()
    await asked.until(lambda asked: "Once upon a time" in asked.text)
    await town.close()
    asked.created -= 901
    gate.open()
    return asked, channel


async def test_an_answer_whose_token_ran_out_goes_on_in_the_same_message(town: Town) -> None:
    asked, channel = await cut_off_and_expired(town)
    await town.start()
    await asked.until(lambda asked: asked.text == STORY)
    assert [message.content for message in channel.from_bot] == [STORY]


async def test_where_the_bot_may_not_write_it_is_marked_as_cut_off(town: Town) -> None:
    _, channel = await cut_off_and_expired(town)
    channel.deny(VIEW | SEND)
    await town.start()
    await channel.until(lambda _: turns(town)[0][0] != "open")
    ((_, answer, note),) = turns(town)
    assert STORY.startswith(answer)
    assert note == UNSHOWN
