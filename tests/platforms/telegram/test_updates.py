"""The queue of updates as the real client meets it: long polls, offsets, a second poller, and webhooks."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from telegram import Update
from telegram.error import BadRequest, Conflict

from tests.platforms.closing import close
from tests.platforms.telegram.client import connected


async def test_a_confirmed_update_never_comes_again_and_an_unconfirmed_one_does(bot, chat, ada):
    await chat.send(ada, "one")
    await chat.send(ada, "two")
    first, second = await bot.get_updates()
    assert [first.message.text, second.message.text] == ["one", "two"]
    assert await bot.get_updates() == (first, second)
    assert await bot.get_updates(offset=second.update_id) == (second,)
    assert await bot.get_updates(offset=second.update_id + 1) == ()
    assert await bot.get_updates() == ()


async def test_a_poll_takes_at_most_limit_and_a_negative_offset_keeps_the_newest(bot, chat, ada):
    for number in range(5):
        await chat.send(ada, str(number))
    assert [u.message.text for u in await bot.get_updates(limit=2)] == ["0", "1"]
    assert [u.message.text for u in await bot.get_updates(offset=-2)] == ["3", "4"]
    assert len(await bot.get_updates()) == 2


async def test_a_long_poll_is_held_until_somebody_writes(bot, chat, ada):
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.05)
    assert not poll.done()
    await chat.send(ada, "at last")
    (update,) = await poll
    assert update.message.text == "at last"


async def test_a_long_poll_ends_empty_after_its_timeout(bot):
    assert await bot.get_updates(timeout=0.05) == ()


async def test_a_second_poller_ends_the_first(server, bot):
    async with connected(server) as other:
        first = asyncio.create_task(bot.get_updates(timeout=20))
        await server.until(lambda: server.updates.poll)
        second = asyncio.create_task(other.get_updates(timeout=0.05))
        with pytest.raises(Conflict, match=r"(?i)terminated by other getUpdates request"):
            await first
        assert await second == ()


async def test_a_poller_that_died_is_in_nobodys_way(server, bot, chat, ada):
    async with connected(server) as dead:
        poll = asyncio.create_task(dead.get_updates(timeout=20))
        await server.until(lambda: server.updates.poll)
        poll.cancel()
        with pytest.raises(asyncio.CancelledError):
            await poll
    await chat.send(ada, "still here")
    assert len(await bot.get_updates()) == 1


async def test_kinds_that_the_bot_did_not_ask_for_are_not_kept(server, bot, chat, ada):
    await bot.get_updates(allowed_updates=["edited_message"])
    message = await chat.send(ada, "tipo")
    await chat.edit(message, "typo")
    await bot.get_updates(allowed_updates=None)  # no list: the last one stays
    (update,) = await bot.get_updates()
    assert update.edited_message.text == "typo"
    await bot.get_updates(offset=update.update_id + 1, allowed_updates=[])
    await chat.send(ada, "hello")
    assert (await bot.get_updates())[0].message.text == "hello"


async def test_an_update_can_come_twice(server, bot, chat, ada):
    message = await chat.send(ada, "once")
    (update,) = await bot.get_updates()
    assert await bot.get_updates(offset=update.update_id + 1) == ()
    server.repeat(message)
    assert await bot.get_updates(offset=update.update_id + 1) == (update,)
    assert await bot.get_updates(offset=update.update_id + 1) == ()


async def test_a_webhook_gets_each_update_until_it_takes_it(server, bot, chat, ada):
    got: list[tuple[str, str | None]] = []

    async def receive(request: web.Request) -> web.Response:
        update = Update.de_json(await request.json(), bot)
        assert update.message
        got.append((update.message.text or "", request.headers.get("X-Telegram-Bot-Api-Secret-Token")))
        return web.Response(status=500 if len(got) == 1 else 200)

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.webhook_target = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await chat.send(ada, "before")
    with pytest.raises(BadRequest, match=r"(?i)an https url must be provided"):
        await bot.set_webhook("http://bot.example.org/hook")
    await bot.set_webhook("https://bot.example.org/hook", secret_token="s3cret")
    await chat.send(ada, "after")
    await server.until(lambda: len(server.webhook.statuses) == 3)
    assert got == [("before", "s3cret"), ("before", "s3cret"), ("after", "s3cret")]
    with pytest.raises(Conflict, match=r"(?i)can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("https://bot.example.org/hook", 0)
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    await bot.delete_webhook()
    assert await bot.get_updates() == ()
    await close(runner)
