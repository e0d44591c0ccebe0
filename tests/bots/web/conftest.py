"""The real server on a free port, over a real store; and browser tests only where there is a Chromium."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from bots.web import WebBot
from core.store import Store
from tests.bots.web.fakes import People, ScriptedCore, Weather

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HERE = Path(__file__).parent

Enter = Callable[[], Awaitable[httpx.AsyncClient]]


async def sign_in(client: httpx.AsyncClient, link: str) -> httpx.Response:
    """Open a one-time link, and press the button that it shows."""
    shown = await client.get(link)
    assert 'method="post" action="/"' in shown.text, shown.text
    return await client.post(link.partition("?")[0], data={"token": link.partition("token=")[2]})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if CHROMIUM:
        return
    browser = [item for item in items if HERE in item.path.parents and item.get_closest_marker("browser")]
    if not browser:
        return
    items[:] = [item for item in items if item not in browser]
    config.hook.pytest_deselected(items=browser)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line(f"{len(browser)} browser tests of the page are left out: there is no Chromium here")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'chinwag.db'}")
    yield store
    await store.close()


@pytest.fixture
async def core(store: Store) -> AsyncIterator[ScriptedCore]:
    core = ScriptedCore(store)
    yield core
    await core.close()


@pytest.fixture
def people(store: Store) -> People:
    return People(store)


@pytest.fixture
def weather() -> Weather:
    return Weather()


@pytest.fixture
async def bot(core: ScriptedCore, store: Store, people: People, weather: Weather) -> AsyncIterator[WebBot]:
    bot = WebBot(core, store, weather, people, host="127.0.0.1", port=0)
    core.platform = bot
    await bot.start()
    yield bot
    await bot.stop()


@pytest.fixture
async def stranger(bot: WebBot) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has no cookie."""
    async with httpx.AsyncClient(base_url=bot.url, trust_env=False) as client:
        yield client


@pytest.fixture
async def client(bot: WebBot) -> AsyncIterator[httpx.AsyncClient]:
    """The owner's browser, signed in by a link."""
    async with httpx.AsyncClient(base_url=bot.url, trust_env=False) as client:
        await sign_in(client, await bot.link())
        yield client


@pytest.fixture
async def other(bot: WebBot, store: Store) -> AsyncIterator[httpx.AsyncClient]:
    """Another person's browser."""
    async with httpx.AsyncClient(base_url=bot.url, trust_env=False) as client:
        await sign_in(client, f"{bot.url}/?token={await store.logins.mint('anna')}")
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    from playwright.async_api import async_playwright, expect

    expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
def problems() -> list[str]:
    """What the browser complained about: errors of scripts, and everything that the policy blocked."""
    return []


@pytest.fixture
async def page(bot: WebBot, browser: Browser, problems: list[str]) -> Page:
    from playwright.async_api import expect

    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(await bot.link())
    await page.get_by_role("button", name="Open Chinwag").click()
    await expect(page.locator("#starters button")).to_have_count(4)
    return page
