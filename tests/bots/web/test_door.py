"""The door in a real browser, under a name that is no trusted origin: as from another device in the house."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bots.web import WebBot
from core.store import Store
from tests.bots.web.conftest import CHROMIUM
from tests.bots.web.fakes import People, ScriptedCore, Weather

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
ELSEWHERE = "http://chat.example.org"  # plain HTTP: here browsers send no Sec-Fetch-Site, only an Origin


async def opened(page: Page, link: str) -> None:
    await page.goto(link)
    await page.get_by_role("button", name="Open Chinwag").click()
    await page.wait_for_selector("#composer")


@pytest.mark.parametrize("scripts", [True, False])
async def test_one_press_opens_the_page_from_another_device(core: ScriptedCore, store: Store, scripts: bool) -> None:
    from playwright.async_api import async_playwright

    bot = WebBot(core, store, Weather(), People(store), host="0.0.0.0", port=0)
    core.platform = bot
    await bot.start()
    link = re.sub(r"http://127\.0\.0\.1", ELSEWHERE, await bot.link())
    rules = f"--host-resolver-rules=MAP {ELSEWHERE.removeprefix('http://')} 127.0.0.1"
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", rules])
            context = await browser.new_context(java_script_enabled=scripts)
            page = await context.new_page()
            page.set_default_timeout(20_000)
            await opened(page, link)
            assert "token" not in page.url
            await page.reload()
            assert await page.locator("#composer").count() == 1
            await browser.close()
    finally:
        await bot.stop()
