"""Updates that Telegram posts: each is answered with 200 only once it is committed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bots.telegram import TelegramBot
from bots.telegram.polling import Raw
from bots.telegram.tries import TRIES
from bots.telegram.webhook import SECRET, Webhook
from core.errors import StoreError
from tests.bots.telegram.conftest import Naps, RecordingCore, eventually
from tests.platforms.closing import close
from tests.platforms.telegram import TelegramServer

FIVE = b'{"update_id": 5, "message": {"chat": {"id": 1}}}'
URL = "https://bot.example.org/telegram"


@pytest.fixture
async def hooked(server: TelegramServer, core: RecordingCore, naps: Naps) -> AsyncIterator[TelegramBot]:
    """A bot that is posted to, behind a small server of its own."""
    bot = TelegramBot(server.token, core, api_url=server.url, webhook=URL, secret="s3cret", sleep=naps)

    async def posted(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return web.Response(status=await bot.post(headers, await request.read()))

    app = web.Application()
    app.router.add_post("/telegram", posted)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.webhook_target = f"http://{host}:{port}/telegram"
    yield bot
    await bot.stop()
    await close(runner)


def a_webhook(error: Exception) -> tuple[Webhook, list[Exception]]:
    """One that can take nothing while the list has the error."""
    failing = [error]

    async def take(update: Raw) -> None:
        for failure in failing:
            raise failure

    async def registered() -> None: ...

    return Webhook(registered, "s3cret", take, sleep=asyncio.sleep, random=lambda: 0.0), failing


async def test_what_is_posted_is_taken_and_nothing_is_polled(
    server: TelegramServer, hooked: TelegramBot, core: RecordingCore
) -> None:
    await hooked.start()
    await eventually(lambda: server.called("setWebhook"))
    (call,) = server.called("setWebhook")
    assert (call.params["url"], call.params["secret_token"]) == (URL, "s3cret")
    assert call.params["allowed_updates"] == ["message", "edited_message", "callback_query"]
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.taken)
    await eventually(lambda: not server.updates.pending)
    assert (core.texts, server.webhook.statuses, server.called("getUpdates")) == (["Hello"], [200], [])


async def test_it_is_answered_only_after_the_commit(
    server: TelegramServer, hooked: TelegramBot, core: RecordingCore
) -> None:
    core.gate.clear()
    await hooked.start()
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.tries)
    await asyncio.sleep(0.05)
    assert server.webhook.statuses == []
    core.gate.set()
    await eventually(lambda: server.webhook.statuses == [200])


async def test_what_could_not_be_taken_is_posted_again(
    server: TelegramServer, hooked: TelegramBot, core: RecordingCore, caplog: pytest.LogCaptureFixture
) -> None:
    core.failures = 2
    await hooked.start()
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: server.webhook.statuses == [500, 500, 200])
    assert core.texts == ["Hello"]
    assert "Telegram posts it again: OSError: disk full" in caplog.text


async def test_what_fails_for_a_fault_of_ours_is_passed_over_as_when_polling(caplog: pytest.LogCaptureFixture) -> None:
    hook, failing = a_webhook(RuntimeError("a fault of ours"))
    assert [await hook.post({SECRET: "s3cret"}, FIVE) for _ in range(TRIES + 2)] == [500] * TRIES + [200, 200]
    assert "update 5 is passed over: it could not be taken (RuntimeError: a fault of ours)" in caplog.text
    other = b'{"update_id": 6}'
    assert await hook.post({SECRET: "s3cret"}, other) == 500  # each has its own tries
    failing.clear()
    assert await hook.post({SECRET: "s3cret"}, other) == 200


async def test_what_the_store_cannot_keep_is_never_passed_over() -> None:
    hook, _ = a_webhook(StoreError("the disk is full"))
    assert {await hook.post({SECRET: "s3cret"}, FIVE) for _ in range(3 * TRIES)} == {500}


async def test_a_webhook_that_telegram_refuses_is_tried_again_and_said_once(
    server: TelegramServer, hooked: TelegramBot, core: RecordingCore, naps: Naps, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault("setWebhook", status=400, times=3)
    await hooked.start()
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.taken)
    assert len(naps.asked) == 3
    assert caplog.text.count("did not take TELEGRAM_WEBHOOK_URL") == 1


@pytest.mark.parametrize(
    ("secret", "body", "status"),
    [
        ("s3cret", b'{"update_id": 5, "message": {}}', 200),  # nobody knows what it is: skipped, as when polling
        ("S3CRET", b'{"update_id": 5}', 403),
        ("", b'{"update_id": 5}', 403),
        ("\xe9", b'{"update_id": 5}', 403),
        ("s3cret", b"[]", 400),
        ("s3cret", b"{", 400),
        ("s3cret", b"\xff", 400),
    ],
)
async def test_what_anybody_could_post(
    hooked: TelegramBot, core: RecordingCore, secret: str, body: bytes, status: int
) -> None:
    assert await hooked.post({SECRET: secret}, body) == 503  # not yet
    await hooked.start()
    assert await hooked.post({SECRET: secret}, body) == status
    assert core.taken == []


async def test_the_end_waits_for_what_is_being_taken_and_takes_nothing_more(
    server: TelegramServer, hooked: TelegramBot, core: RecordingCore
) -> None:
    core.gate.clear()
    await hooked.start()
    ada = server.user(7, "Ada")
    message = await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.tries)
    ending = asyncio.create_task(hooked.quiet())
    await asyncio.sleep(0.02)
    update = json.dumps(server.updates.sent[message.update_id]).encode()
    assert await hooked.post({SECRET: "s3cret"}, update) == 503
    core.gate.set()
    await ending
    assert core.texts == ["Hello"]


async def test_without_a_secret_it_has_one_of_its_own(server: TelegramServer, core: RecordingCore) -> None:
    bot = TelegramBot(server.token, core, api_url=server.url, webhook=URL)
    await bot.start()
    await eventually(lambda: server.called("setWebhook"))
    secret = server.called("setWebhook")[0].params["secret_token"]
    assert len(secret) == 64
    assert secret not in server.token
    await bot.stop()
