"""Posting, editing and deleting against a loopback Telegram, and its refusals as the core's errors."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from telegram import error as ptb

from bots.telegram import TelegramBot
from bots.telegram.entities import Span
from bots.telegram.errors import seconds, translate
from bots.telegram.surface import GROUP, PRIVATE, TelegramSurface
from core.errors import Gone, Moved, PlatformError, Refused, TooFast, TooLong, Unknown, Unreachable
from core.surface import Out, Rendered
from core.types import Address
from tests.platforms.telegram import Chat, Message, TelegramServer


def address(chat: Chat, **more: Any) -> Address:
    private = chat.kind == "private"
    place = Address("telegram", str(chat.server.bot.id), str(chat.id), private=private)
    return replace(place, space="" if private else str(chat.id), **more)


@pytest.fixture
def chat(server: TelegramServer) -> Chat:
    return server.private(server.user(7, "Ada"))


@pytest.fixture
def group(server: TelegramServer) -> Chat:
    return server.group("Friends", [server.user(7, "Ada")])


@pytest.fixture
def surface(idle: TelegramBot, chat: Chat) -> TelegramSurface:
    return idle.open(address(chat))


def out(surface: TelegramSurface, markdown: str, page: int = 0) -> Out:
    return Out(surface.render(markdown), page)


def raw(text: str, *spans: Span) -> Out:
    return Out(Rendered(text, len(text), spans))


async def shown(chat: Chat, id: str) -> Message:
    message = chat.find(int(id))
    assert message is not None
    return message


async def test_a_post_shows_text_and_entities_without_a_preview(
    server: TelegramServer, chat: Chat, surface: TelegramSurface
) -> None:
    message = await shown(chat, await surface.post(out(surface, "**Hi** [you](https://example.org)")))
    assert message.text == "Hi you"
    assert message.entities == [
        {"type": "bold", "offset": 0, "length": 2},
        {"type": "text_link", "offset": 3, "length": 3, "url": "https://example.org"},
    ]
    params = server.called("sendMessage")[0].params
    assert params["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in params


async def test_only_the_first_page_replies(idle: TelegramBot, server: TelegramServer, chat: Chat) -> None:
    question = await chat.send(server.users[7], "Why?")
    surface = idle.open(address(chat, reply_to=str(question.id)))
    first = await shown(chat, await surface.post(out(surface, "one", page=0)))
    second = await shown(chat, await surface.post(out(surface, "two", page=1)))
    assert (first.reply_to, second.reply_to) == (question.id, None)


async def test_an_answer_appears_although_its_question_was_deleted(
    idle: TelegramBot, server: TelegramServer, chat: Chat
) -> None:
    question = await chat.send(server.users[7], "Why?")
    await chat.remove(question)
    surface = idle.open(address(chat, reply_to=str(question.id)))
    assert (await shown(chat, await surface.post(out(surface, "one")))).reply_to is None


async def test_an_edit_replaces_the_text_and_an_equal_one_is_success(chat: Chat, surface: TelegramSurface) -> None:
    id = await surface.post(out(surface, "Hel"))
    await surface.edit(id, out(surface, "Hello **you**"))
    await surface.edit(id, out(surface, "Hello **you**"))
    message = await shown(chat, id)
    assert (message.text, len(message.edits)) == ("Hello you", 1)


async def test_deleting_twice_is_success(chat: Chat, surface: TelegramSurface) -> None:
    id = await surface.post(out(surface, "x"))
    await surface.delete(id)
    await surface.delete(id)
    assert chat.messages == []


@pytest.mark.parametrize("editing", [False, True])
async def test_refused_entities_are_left_out(
    chat: Chat, surface: TelegramSurface, caplog: pytest.LogCaptureFixture, editing: bool
) -> None:
    bad = raw("look", Span("text_link", 0, 4, "http://localhost"))
    id = await surface.post(raw("first") if editing else bad)
    if editing:
        await surface.edit(id, bad)
    message = await shown(chat, id)
    assert (message.text, message.entities) == ("look", [])
    assert "refused the entities" in caplog.text


async def test_a_refusal_of_the_plain_text_too_is_an_error(server: TelegramServer, surface: TelegramSurface) -> None:
    server.fault("sendMessage", status=400, description="Bad Request: entity beginning at 0 is odd", times=9)
    with pytest.raises(Refused):
        await surface.post(raw("x", Span("bold", 0, 1)))
    assert len(server.called("sendMessage")) == 2


async def test_topics_have_a_thread_and_general_has_none_but_for_typing(
    idle: TelegramBot, server: TelegramServer
) -> None:
    forum = server.group("Forum", [server.user(7, "Ada")], forum=True)
    topic = await forum.topic("Cats")
    for thread, on_screen in ((str(topic), topic), ("1", None)):
        surface = idle.open(address(forum, thread=thread))
        await surface.typing()
        message = await shown(forum, await surface.post(out(surface, "x")))
        assert message.thread == on_screen
    assert [action.thread for action in forum.actions] == [topic, 1]


async def test_typing(chat: Chat, surface: TelegramSurface) -> None:
    await surface.typing()
    assert [(action.action, action.thread) for action in chat.actions] == [("typing", None)]


def test_limits(idle: TelegramBot) -> None:
    private = idle.open(Address("telegram", "1", "7")).limits
    topics = [idle.open(Address("telegram", "1", "-5", thread=t, private=False)).limits for t in ("", "8")]
    assert (private.page, private.interval, private.rates) == (4096, 1.0, PRIVATE)
    assert (topics[0].interval, topics[0].rates) == (1.0, GROUP)
    assert private.budget == "telegram:1:7"
    assert {limits.budget for limits in topics} == {"telegram:1:-5"}


# Errors


async def test_a_message_that_was_deleted_is_gone(chat: Chat, surface: TelegramSurface) -> None:
    id = await surface.post(out(surface, "x"))
    await chat.remove(await shown(chat, id))
    with pytest.raises(Gone):
        await surface.edit(id, out(surface, "y"))


async def test_a_chat_that_never_was_is_gone(idle: TelegramBot) -> None:
    with pytest.raises(Gone):
        await idle.open(Address("telegram", "1", "404")).post(raw("x"))


async def test_a_topic_that_was_deleted_is_gone(idle: TelegramBot, server: TelegramServer) -> None:
    forum = server.group("Forum", forum=True)
    with pytest.raises(Gone):
        await idle.open(address(forum, thread="77")).post(raw("x"))


async def test_a_user_who_blocked_the_bot_refuses(chat: Chat, surface: TelegramSurface) -> None:
    await chat.block()
    for call in (surface.post(raw("x")), surface.typing()):
        with pytest.raises(Refused):
            await call


async def test_a_group_that_kicked_the_bot_refuses(idle: TelegramBot, server: TelegramServer, group: Chat) -> None:
    await group.kick_bot(server.users[7])
    with pytest.raises(Refused):
        await idle.open(address(group)).post(raw("x"))


async def test_too_long(surface: TelegramSurface) -> None:
    id = await surface.post(raw("x" * 4096))
    with pytest.raises(TooLong):
        await surface.post(raw("x" * 4097))
    with pytest.raises(TooLong):
        await surface.edit(id, raw("x" * 4097))


async def test_a_page_that_renders_to_the_limit_is_taken(chat: Chat, surface: TelegramSurface) -> None:
    rendered = surface.render("  **😀**" + "字" * 4094 + " \n")
    assert rendered.size == surface.limits.page
    assert (await shown(chat, await surface.post(Out(rendered)))).text == rendered.text


async def test_flood_control(server: TelegramServer, surface: TelegramSurface) -> None:
    server.fault(("sendMessage", "editMessageText"), retry_after=7)
    with pytest.raises(TooFast) as caught:
        await surface.post(raw("x"))
    assert caught.value.retry_after == 7.0


async def test_a_group_that_became_a_supergroup_has_moved(idle: TelegramBot, server: TelegramServer) -> None:
    old = server.group("Friends", supergroup=False)
    here = address(old, reply_to="3")
    new = await old.migrate()
    with pytest.raises(Moved) as caught:
        await idle.open(here).post(raw("x"))
    assert caught.value.address == address(new)
    await idle.open(caught.value.address).post(raw("x"))
    assert new.messages[-1].text == "x"


@pytest.mark.parametrize("fault", [{"status": 502}, {"status": 500}, {"cut": "before"}, {"cut": "after"}])
async def test_no_answer_leaves_open_whether_it_was_applied(
    server: TelegramServer, surface: TelegramSurface, fault: dict[str, Any]
) -> None:
    server.fault("sendMessage", **fault)
    with pytest.raises(Unknown):
        await surface.post(raw("x"))


async def test_a_late_answer_is_unknown(
    server: TelegramServer, surface: TelegramSurface, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.telegram.surface.SEND_READ_TIMEOUT", 0.05)
    server.fault("sendMessage", after=0.3)
    with pytest.raises(Unknown):
        await surface.post(raw("x"))
    await asyncio.sleep(0.3)


async def test_nobody_listening_is_unreachable(core: Any) -> None:
    bot = TelegramBot("1:abc", core, api_url="http://127.0.0.1:9")
    with pytest.raises(Unreachable):
        await bot.open(Address("telegram", "1", "7")).post(raw("x"))
    await bot.stop()


async def test_a_stopped_bot_is_unreachable(idle: TelegramBot, surface: TelegramSurface) -> None:
    await idle.stop()
    with pytest.raises(Unreachable):
        await surface.post(raw("x"))


def caused(error: ptb.TelegramError, cause: Exception) -> ptb.TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ptb.Forbidden("Forbidden: user is deactivated"), Gone),
        (ptb.Forbidden("Forbidden: the group chat was deleted"), Gone),
        (ptb.BadRequest("MESSAGE_ID_INVALID"), Gone),
        (ptb.BadRequest("Not enough rights to send text messages to the chat"), Refused),
        (ptb.BadRequest("TOPIC_CLOSED"), Refused),
        (ptb.BadRequest("Text is too long"), TooLong),
        (ptb.InvalidToken("Unauthorized"), Unreachable),
        (caused(ptb.TimedOut("Pool timeout"), httpx.PoolTimeout("")), Unreachable),
        (caused(ptb.TimedOut(), httpx.ConnectTimeout("")), Unreachable),
        (caused(ptb.TimedOut(), httpx.ReadTimeout("")), Unknown),
        (caused(ptb.TimedOut(), httpx.WriteTimeout("")), Unknown),
        (caused(ptb.NetworkError("httpx.ConnectError"), httpx.ConnectError("")), Unreachable),
        (caused(ptb.NetworkError("httpx.ReadError"), httpx.ReadError("")), Unknown),
        (ptb.NetworkError("Bad Gateway"), Unknown),
        (ptb.TelegramError("the answer is not Telegram's JSON"), Unknown),
    ],
    ids=str,
)
def test_translation(error: ptb.TelegramError, expected: type[PlatformError]) -> None:
    assert type(translate(error, Address("telegram", "1", "7"))) is expected


def test_no_error_quotes_a_token() -> None:
    token = "123456789:AAHloopback-only_0123456789abcdefghi"
    error = translate(ptb.BadRequest(f"cannot POST /bot{token}/sendMessage"), Address("telegram", "1", "7"))
    assert token not in str(error)
    assert "/bot***/sendMessage" in str(error)


def test_a_pause_may_be_a_number_or_a_timedelta() -> None:
    assert (seconds(7), seconds(timedelta(seconds=7.5))) == (7.0, 7.5)
