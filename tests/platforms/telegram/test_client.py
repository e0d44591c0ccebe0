"""A real python-telegram-bot client meets the loopback server: login, updates, messages, refusals, faults."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, ReplyParameters, Update
from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.ext import CommandHandler, ContextTypes, MessageHandler, filters

from tests.platforms.telegram.client import bare, connected, polling

Context = ContextTypes.DEFAULT_TYPE
MISSING = 424242


# login


async def test_a_bot_logs_in(server, bot):
    me = await bot.get_me()
    assert (me.username, me.is_bot, me.can_read_all_group_messages) == ("chinwag_bot", True, False)
    assert me.id == int(server.token.split(":")[0])


@pytest.mark.parametrize(
    ("token", "words"), [("123:" + "x" * 35, "Unauthorized"), ("nonsense", "Not Found")], ids=["unknown", "malformed"]
)
async def test_a_wrong_token_is_refused(server, token, words):
    async with bare(server, token=token) as bot:
        with pytest.raises(InvalidToken, match=words):
            await bot.get_me()
    assert server.calls == []


async def test_method_names_ignore_case_and_unknown_ones_are_404(server, bot):
    assert await bot.do_api_request("GETME")
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("sendTelepathy")


# a whole conversation


async def test_an_application_answers_each_message_once(server, chat, ada):
    async def answer(update: Update, _: Context) -> None:
        assert update.effective_message
        posted = await update.effective_message.reply_text("Hello wor", do_quote=True)
        assert isinstance(posted, Message)
        await posted.edit_text("Hello world.")

    async with polling(server, CommandHandler("hi", answer), MessageHandler(filters.TEXT, answer)):
        question = await chat.send(ada, "/hi there")
        answered = await chat.answer(after=question, when=lambda m: m.text.endswith("."))
        await server.until(lambda: len(server.called("getUpdates")) >= 2)
    assert answered.reply_to == question.id
    assert [m.text for m in chat.messages] == ["/hi there", "Hello world."]
    lines = [line.split(maxsplit=1)[1] for line in chat.transcript().splitlines()]
    assert lines == ["Ada #1 '/hi there'", "post #2 'Hello wor'", "edit #2 'Hello world.'"]
    assert [(c.method, c.screen) for c in server.calls if c.message_id] == [
        ("sendMessage", "Hello wor"),
        ("editMessageText", "Hello world."),
    ]


# messages and refusals


async def test_text_is_trimmed_and_its_entities_move(bot, chat):
    sent = await bot.send_message(7, "\n  bold plain \n\n")
    assert sent.text == "bold plain"
    assert sent.date.timestamp() > 0
    assert chat.messages[0].text == "bold plain"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Message text is empty"),
        (" \n\t ", "Text must be non-empty"),
        ("\u200b", "Text must be non-empty"),
        ("x" * 4097, "Message is too long"),
        ("😀" * 2049, "Message is too long"),
        ("я" * 16385, "Text is too long"),
    ],
    ids=["none", "spaces", "invisible", "4097", "utf-16", "bytes"],
)
async def test_text_that_cannot_be_sent(bot, chat, text, words):
    with pytest.raises(BadRequest, match=f"(?i)^{words}$"):
        await bot.send_message(7, text)
    assert chat.messages == []


async def test_4096_units_fit(bot, chat):
    await bot.send_message(7, "😀" * 2048)
    assert chat.messages[0].text == "😀" * 2048


async def test_an_edit_that_is_too_long_is_refused_in_other_words(bot, chat):
    sent = await bot.send_message(7, "short")
    with pytest.raises(BadRequest, match=r"(?i)^Message_too_long$"):
        await sent.edit_text("x" * 4097)
    assert chat.messages[0].text == "short"


async def test_an_edit_that_changes_nothing_is_refused(bot, chat):
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop")]])
    sent = await bot.send_message(7, "same", reply_markup=keyboard)
    for text in ("same", "  same\n"):
        with pytest.raises(BadRequest, match=r"(?i)Message is not modified"):
            await sent.edit_text(text, reply_markup=keyboard)
    with pytest.raises(BadRequest, match=r"(?i)Message is not modified"):
        await sent.edit_reply_markup(keyboard)
    assert chat.messages[0].buttons == [("Stop", "stop")]
    await sent.edit_text("same")  # without the keyboard it is another message
    assert chat.messages[0].buttons == []


async def test_every_version_of_a_message_is_remembered(bot, chat):
    sent = await bot.send_message(7, "one")
    await sent.edit_text("one two")
    await sent.edit_text("one two three")
    versions = chat.messages[0].versions
    assert [v.text for v in versions] == ["one", "one two", "one two three"]
    assert [v.time for v in versions] == sorted(v.time for v in versions)


async def test_query_form_and_json_say_the_same(server, chat):
    ask = {"chat_id": 7, "text": "hi", "entities": [{"type": "bold", "offset": 0, "length": 2}]}
    flat = ask | {"chat_id": "7", "entities": json.dumps(ask["entities"])}
    url = f"{server.base_url}{server.token}/SENDMESSAGE"
    async with aiohttp.ClientSession() as http:
        for how in ({"params": flat}, {"data": flat}, {"json": ask}):
            async with http.post(url, **how) as answer:
                assert (await answer.json())["result"]["text"] == "hi"
        async with http.get(url, params=flat | {"entities": "["}) as answer:
            refusal = await answer.json()
    assert [m.entities for m in chat.messages] == [ask["entities"]] * 3
    assert (answer.status, refusal["error_code"], refusal["ok"]) == (400, 400, False)
    assert refusal["description"] == "Bad Request: can't parse entities JSON object"


async def test_ids_that_are_not_there(server, bot, chat, ada):
    with pytest.raises(BadRequest, match=r"(?i)^Message to edit not found$"):
        await bot.edit_message_text("x", 7, MISSING)
    with pytest.raises(BadRequest, match=r"(?i)^Message to delete not found$"):
        await bot.delete_message(7, MISSING)
    with pytest.raises(BadRequest, match=r"(?i)^Message to be replied not found$"):
        await bot.send_message(7, "x", reply_parameters=ReplyParameters(MISSING))
    with pytest.raises(BadRequest, match=r"(?i)^Message thread not found$"):
        await bot.send_message(7, "x", message_thread_id=MISSING)
    with pytest.raises(BadRequest, match=r"(?i)^Chat not found$"):
        await bot.send_message(MISSING, "x")
    theirs = await chat.send(ada, "mine")
    with pytest.raises(BadRequest, match=r"(?i)^Message can't be edited$"):
        await bot.edit_message_text("x", 7, theirs.id)
    optional = ReplyParameters(MISSING, allow_sending_without_reply=True)
    assert (await bot.send_message(7, "x", reply_parameters=optional)).reply_to_message is None


async def test_a_deleted_message_is_gone_for_the_bot_too(bot, chat):
    sent = await bot.send_message(7, "now you see me")
    await chat.remove(chat.messages[0])
    with pytest.raises(BadRequest, match=r"(?i)Message to edit not found"):
        await sent.edit_text("…")
    with pytest.raises(BadRequest, match=r"(?i)Message to delete not found"):
        await sent.delete()
    again = await bot.send_message(7, "again")
    shown = chat.messages[0]
    assert await bot.delete_messages(7, [sent.message_id, again.message_id])
    await chat.gone(shown)
    assert chat.messages == []


async def test_buttons_are_checked(bot, chat):
    async def send(button: InlineKeyboardButton) -> None:
        await bot.send_message(7, "x", reply_markup=InlineKeyboardMarkup([[button]]))

    await send(InlineKeyboardButton("64", callback_data="é" * 32))
    with pytest.raises(BadRequest, match=r"(?i)Button_data_invalid"):
        await send(InlineKeyboardButton("66", callback_data="é" * 33))
    with pytest.raises(BadRequest, match=r"(?i)Text buttons are unallowed"):
        await send(InlineKeyboardButton("nothing"))
    with pytest.raises(BadRequest, match=r"(?i)URL 'nowhere' is invalid: Wrong HTTP URL"):
        await send(InlineKeyboardButton("link", url="nowhere"))


async def test_a_bot_that_is_blocked(server, bot, chat, ada):
    await chat.block()
    with pytest.raises(Forbidden, match=r"(?i)bot was blocked by the user"):
        await bot.send_message(7, "hello?")
    (update,) = await bot.get_updates()
    assert update.my_chat_member.new_chat_member.status == "kicked"
    await chat.unblock()
    assert await bot.send_message(7, "hello!")


async def test_a_group_that_became_a_supergroup(server, bot, ada):
    group = server.group("Old", [ada], supergroup=False)
    new = await group.migrate()
    with pytest.raises(ChatMigrated) as caught:
        await bot.send_message(group.id, "hello")
    assert caught.value.new_chat_id == new.id
    assert (await bot.send_message(new.id, "hello")).chat.type == "supergroup"
    told = [u.message.migrate_to_chat_id or u.message.migrate_from_chat_id for u in await bot.get_updates()]
    assert told == [new.id, group.id]


# faults


async def test_a_429_carries_its_seconds(server, bot, chat):
    fault = server.fault("sendMessage", retry_after=17, contains="second", chat=chat)
    await bot.send_message(7, "first")
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(7, "the second")
    assert caught.value.retry_after.total_seconds() == 17  # type: ignore[union-attr]
    assert await bot.send_message(7, "the second")
    assert fault.hits == 1


async def test_an_error_of_the_nth_call(server, bot, chat):
    server.fault(("sendMessage", "editMessageText"), status=502, skip=1, times=1)
    sent = await bot.send_message(7, "a")
    with pytest.raises(NetworkError, match=r"(?i)Bad Gateway"):
        await sent.edit_text("b")
    await sent.edit_text("c")
    assert [m.text for m in chat.messages] == ["c"]


async def test_a_cut_before_and_a_cut_after_look_the_same_to_the_client(server, bot, chat):
    for when in ("before", "after"):
        server.fault("sendMessage", cut=when)
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(7, when)
        assert not isinstance(caught.value, TimedOut)
    assert [m.text for m in chat.messages] == ["after"]
    assert [(c.status, c.description) for c in server.called("sendMessage")] == [(0, "connection cut")] * 2


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_late_answer_times_out_and_the_call_is_applied_all_the_same(server, chat, when):
    late: dict[str, Any] = {when: 0.7}
    async with connected(server, read_timeout=0.3) as bot:
        server.fault("sendMessage", **late)
        with pytest.raises(TimedOut):
            await bot.send_message(7, "late")
        assert len(chat.messages) == (0 if when == "before" else 1)
        assert (await chat.until(lambda m: m.text == "late")).from_bot


async def test_an_outage_ends(server, bot, chat):
    outage = server.fault("*", cut="before", times=10**6)
    for _ in range(3):
        with pytest.raises(NetworkError):
            await bot.send_message(7, "anybody?")
    outage.lift()
    await bot.send_message(7, "back")
    assert [m.text for m in chat.messages] == ["back"]
