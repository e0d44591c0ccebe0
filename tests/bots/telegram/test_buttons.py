"""Inline keyboards, callback queries and edited messages on the loopback Telegram."""

from __future__ import annotations

from typing import Any

from telegram import CallbackQuery

from bots.telegram import TelegramBot
from bots.telegram.incoming import Me, pressed
from core.surface import Action, Out, Pressed
from core.types import Address
from tests.bots.telegram.conftest import RecordingCore, eventually
from tests.platforms.telegram import Chat, Message, TelegramServer, User

STOP, RETRY = Action("stop", "⏹ Stop", "stop:1"), Action("retry", "🔄 Retry", "retry:1")


async def shown(server: TelegramServer, bot: TelegramBot, *actions: Action) -> tuple[Chat, User, Message]:
    """Ada's chat with a message of the bot that has these buttons."""
    ada = server.user(7, "Ada")
    chat = server.private(ada)
    surface = bot.open(Address("telegram", str(server.bot.id), str(chat.id)))
    id = await surface.post(Out(surface.render("Hm."), actions=actions))
    message = chat.find(int(id))
    assert message is not None
    return chat, ada, message


async def test_buttons_come_and_go_with_the_text(server: TelegramServer, idle: TelegramBot) -> None:
    chat, _, message = await shown(server, idle, STOP)
    assert message.buttons == [("⏹ Stop", "stop:1")]
    surface = idle.open(Address("telegram", str(server.bot.id), str(chat.id)))
    await surface.edit(str(message.id), Out(surface.render("Hm."), actions=(RETRY,)))
    assert message.buttons == [("🔄 Retry", "retry:1")]
    await surface.edit(str(message.id), Out(surface.render("Hm.")))
    assert message.buttons == []


async def test_a_press_reaches_the_core_and_is_answered(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore
) -> None:
    chat, ada, message = await shown(server, bot, STOP)
    press = await chat.press(ada, message, "⏹ Stop")
    assert (await press.answered())["text"] == "Stopped."
    (taken,) = core.pressed
    assert (taken.data, taken.author.id, taken.address.chat, taken.address.private) == ("stop:1", "7", "7", True)


async def test_a_press_that_fails_is_answered_and_not_tried_again(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore
) -> None:
    core.failures = 1
    chat, ada, message = await shown(server, bot, STOP)
    press = await chat.press(ada, message, "⏹ Stop")
    assert (await press.answered())["text"] == "That did not work just now. Please press once more in a moment."
    again = await chat.press(ada, message, "⏹ Stop")
    assert (await again.answered())["text"] == "Stopped."
    assert len(core.pressed) == 2


async def test_a_press_does_not_wait_for_a_message_that_cannot_be_taken(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore
) -> None:
    chat, ada, message = await shown(server, bot, STOP)
    core.gate.clear()
    await chat.send(ada, "hello")
    await eventually(lambda: core.tries)
    press = await chat.press(ada, message, "⏹ Stop")
    assert (await press.answered())["text"] == "Stopped."
    assert core.taken == []


async def test_a_long_refusal_fits(server: TelegramServer, bot: TelegramBot, core: RecordingCore) -> None:
    core.says = Pressed("word " * 100)
    chat, ada, message = await shown(server, bot, STOP)
    press = await chat.press(ada, message, "⏹ Stop")
    assert len((await press.answered())["text"]) == 200


def test_a_message_that_telegram_no_longer_shows_to_bots_has_a_chat_still() -> None:
    user = {"id": 7, "is_bot": False, "first_name": "Ada"}
    old = {"chat": {"id": -100123, "type": "supergroup", "title": "x"}, "message_id": 5, "date": 0}
    query: dict[str, Any] = {"id": "1", "from": user, "chat_instance": "1", "data": "retry:1", "message": old}
    press = pressed(CallbackQuery.de_json(query, None), Me(42, "bot"))
    assert press is not None
    assert (press.address.chat, press.address.private, press.address.space) == ("-100123", False, "-100123")
    assert pressed(CallbackQuery.de_json({**query, "data": None, "game_short_name": "x"}, None), Me(42, "b")) is None


async def test_an_edit_reaches_the_core_with_the_message_it_changes(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore
) -> None:
    ada = server.user(7, "Ada")
    chat = server.private(ada)
    said = await chat.send(ada, "wat?")
    await eventually(lambda: core.taken)
    await chat.edit(said, "what?")
    await eventually(lambda: core.edits)
    (edit,) = core.edits
    assert (edit.text, edit.address.reply_to, edit.sent) == ("what?", str(said.id), float(said.date))
    assert edit.event != core.taken[0].event
    assert core.texts == ["wat?"]
