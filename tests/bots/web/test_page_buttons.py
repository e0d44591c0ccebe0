"""Buttons in a real browser: change a question, continue, the switch for streaming, and the way out."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from core.store import Store
from tests.bots.web.fakes import ScriptedCore, answer, ask

pytestmark = pytest.mark.browser


async def test_the_last_question_is_changed_with_its_pen(page: Page, core: ScriptedCore) -> None:
    await ask(page, "What is a tdie?")
    answer(core, "A what?")
    await expect(page.locator(".under")).to_contain_text("Retry")
    await page.locator(".question").hover()
    await page.get_by_role("button", name="Change the question").click()
    await expect(page.locator("dialog textarea")).to_have_value("What is a tdie?")
    await page.fill("dialog textarea", "What is a tide?")
    await page.get_by_role("button", name="Ask", exact=True).click()
    answer(core, "The sea, rising.")

    await expect(page.locator(".question p")).to_have_text("What is a tide?")
    await expect(page.locator(".answer .prose")).to_have_text("The sea, rising.")
    await expect(page.locator(".turn")).to_have_count(1)


async def test_it_has_its_pen_also_when_the_answer_was_there_first(page: Page, core: ScriptedCore) -> None:
    arrived = asyncio.Event()

    async def late(route: Route) -> None:
        response = await route.fetch()
        await arrived.wait()
        await route.fulfill(response=response)

    await page.route("**/messages", late)
    await ask(page, "What is a tdie?")
    answer(core, "A what?")
    await expect(page.locator(".under")).to_contain_text("Retry")
    async with page.expect_response("**/messages"):
        arrived.set()
    await page.wait_for_timeout(50)
    await expect(page.get_by_role("button", name="Change the question")).to_be_visible()
    await expect(page.locator(".under")).to_contain_text("Retry")


async def test_only_the_last_question_has_a_pen_and_only_the_last_answer_buttons(
    page: Page, core: ScriptedCore
) -> None:
    for text in ("First", "Second"):
        await ask(page, text)
        answer(core, f"About {text}.")
        await expect(page.locator(".turn").last.locator(".under")).to_contain_text("Retry")
    await expect(page.locator(".turn").first.locator(".under")).not_to_contain_text("Retry")
    pens = page.get_by_role("button", name="Change the question")
    await expect(pens).to_have_count(1)


async def test_a_stopped_answer_can_be_continued(page: Page, core: ScriptedCore) -> None:
    await ask(page, "Tell me everything")
    answer(core, "In the beginning", end=False)
    await expect(page.locator(".writing")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Go on where this answer ends").click()
    answer(core, "In the beginning there was light.")
    await expect(page.locator(".answer .prose")).to_have_text("In the beginning there was light.")
    assert [press.data.partition(":")[0] for press in core.pressed] == ["stop", "continue"]


async def test_one_can_sign_out_before_the_page_knows_anything(page: Page) -> None:
    asked = asyncio.Event()

    async def never(route: Route) -> None:
        asked.set()

    await page.route("**/state", never)
    await page.reload()
    await asked.wait()
    await page.get_by_role("button", name="Sign out").click()
    await page.locator("dialog button.danger").click()
    await expect(page.locator("body")).to_contain_text("Open your link first")


async def test_streaming_has_a_switch_and_one_can_sign_out(page: Page, core: ScriptedCore, store: Store) -> None:
    await expect(page.locator("#streaming")).to_be_checked()
    async with page.expect_response(lambda response: response.request.method == "PATCH"):
        await page.uncheck("#streaming")
    (session,) = await store.sessions.of_chat("web", "page", "owner")
    assert session.streaming is False
    await page.reload()
    await expect(page.locator("#streaming")).not_to_be_checked()

    await page.get_by_role("button", name="Sign out").click()
    await page.locator("dialog button.danger").click()
    await expect(page.locator("body")).to_contain_text("Open your link first")
