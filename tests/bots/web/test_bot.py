"""Starting and ending: the port, open streams, and signals that are not the page's business."""

from __future__ import annotations

import asyncio
import signal
import socket

import httpx
import pytest

from bots.web import WebBot
from core.errors import SetupError
from core.store import Store
from core.types import Address
from tests.bots.web.conftest import sign_in
from tests.bots.web.fakes import People, ScriptedCore, Weather
from tests.patience import PATIENCE


def another(core: ScriptedCore, store: Store, host: str, port: int) -> WebBot:
    return WebBot(core, store, Weather(), People(store), host=host, port=port)


async def test_a_taken_port_is_named_with_another_one(bot: WebBot, core: ScriptedCore, store: Store) -> None:
    port = int(bot.url.rpartition(":")[2])
    with pytest.raises(SetupError, match=rf"WEB_PORT: port {port} is in use.*WEB_PORT={port + 1}"):
        await another(core, store, "127.0.0.1", port).start()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{bot.url}/healthz")).text == "chinwag is well"


async def test_a_host_of_another_computer_is_named(core: ScriptedCore, store: Store) -> None:
    with pytest.raises(SetupError, match=r"WEB_HOST: 192\.0\.2\.1 is not an address of this computer"):
        await another(core, store, "192.0.2.1", 0).start()


async def test_a_name_that_nobody_knows_is_a_setup_error_too(core: ScriptedCore, store: Store) -> None:
    with pytest.raises(SetupError, match=r"WEB_HOST: no-such-host\.invalid"):
        await another(core, store, "no-such-host.invalid", 0).start()


async def test_it_ends_quickly_with_open_streams(bot: WebBot, client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/api/events") as stream:
        lines = stream.aiter_lines()
        assert "hello" in await anext(lines)
        async with asyncio.timeout(PATIENCE):
            await bot.stop()
        assert [line async for line in lines if line.startswith("data")] == []
    with pytest.raises(httpx.ConnectError):
        await client.get("/healthz")


async def test_the_port_is_free_again_after_the_end(core: ScriptedCore, store: Store) -> None:
    bot = another(core, store, "127.0.0.1", 0)
    await bot.start()
    port = int(bot.url.rpartition(":")[2])
    await bot.stop()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


async def test_ending_what_never_began_is_harmless(core: ScriptedCore, store: Store) -> None:
    await another(core, store, "127.0.0.1", 0).stop()


async def test_signals_stay_with_the_process(core: ScriptedCore, store: Store) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    bot = another(core, store, "127.0.0.1", 0)
    await bot.start()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    await bot.stop()


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("localhost", "localhost")])
async def test_the_url_is_one_that_a_browser_here_can_open(
    core: ScriptedCore, store: Store, host: str, shown: str
) -> None:
    assert another(core, store, host, 8080).url == f"http://{shown}:8080"


async def test_nobody_runs_a_private_page_but_its_person(bot: WebBot) -> None:
    assert (bot.name, bot.bot, bot.typing_every) == ("web", "page", 30)
    assert await bot.is_admin(Address("web", "page", "owner"), "owner") is False


async def test_links_are_in_no_log(bot: WebBot, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    link = await bot.link()
    caplog.set_level(0)
    await sign_in(client, link)
    await asyncio.sleep(0)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not any(link.partition("token=")[2] in message for message in ours)


async def test_numbers_are_served_only_where_they_are_wanted(
    bot: WebBot, core: ScriptedCore, store: Store, client: httpx.AsyncClient
) -> None:
    assert (await client.get("/metrics")).status_code == 404
    numbers = WebBot(core, store, Weather(), People(store), host="127.0.0.1", port=0, page=False, numbers=True)
    await numbers.start()
    try:
        async with httpx.AsyncClient(base_url=numbers.url, trust_env=False) as other:
            answer = await other.get("/metrics")
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            assert "chinwag_inbox_waiting 0.0" in answer.text
            assert (await other.get("/healthz")).text == "chinwag is well"
            assert (await other.get("/")).status_code == 404
            assert (await other.get("/api/sessions")).status_code == 404
        assert numbers.title == f"{numbers.url}/metrics"
    finally:
        await numbers.stop()
