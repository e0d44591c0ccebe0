"""What other servers post to, beside the page."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from bots.web import WebBot
from core.store import Store
from tests.bots.web.fakes import People, ScriptedCore, Weather


async def test_a_hook_is_past_the_pages_checks_and_nothing_else_is(
    core: ScriptedCore, store: Store, people: People, weather: Weather
) -> None:
    got: list[tuple[str, bytes]] = []

    async def take(headers: Mapping[str, str], body: bytes) -> int:
        got.append((headers["x-proof"], body))
        return 202

    bot = WebBot(core, store, weather, people, host="127.0.0.1", port=0, page=False, hooks={"/hook": take})
    await bot.start()
    foreign = {"host": "bot.example.org", "origin": "https://elsewhere.example", "x-proof": "yes"}
    async with httpx.AsyncClient(base_url=bot.url, headers=foreign, trust_env=False) as client:
        assert (await client.post("/hook", content=b"{}")).status_code == 202
        assert (await client.post("/hook", content=b"x" * 1_000_001)).status_code == 413
        assert (await client.get("/hook")).status_code == 403
        assert (await client.post("/hook/", content=b"{}")).status_code == 403
        assert (await client.post("/other", content=b"{}")).status_code == 403
    await bot.stop()
    assert got == [("yes", b"{}")]
