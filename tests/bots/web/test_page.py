"""The page in a real browser: what a person sees while an answer comes, and that hostile answers do nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, Route, expect

from bots.web import WebBot
from core.model import Status
from core.store import Store
from tests.bots.web.fakes import People, ScriptedCore, Weather, answer, ask

pytestmark = pytest.mark.browser

HOSTILE = """<script>window.pwned = 1</script><img src=x onerror="window.pwned = 2">

<svg onload="window.pwned = 3"></svg> <iframe srcdoc="<script>parent.pwned=4</script>"></iframe>

[run](javascript:window.pwned=5) [data](data:text/html,<script>window.pwned=6</script>) [ok](https://example.org/a)

[vb](vbscript:x) [up](JaVaScRiPt:alert(1)) [ent](javascript&colon;window.pwned=7) <javascript:window.pwned=8>

![pixel](https://tracker.example/secret.png) ![](data:image/svg+xml,<svg onload=alert(1)>)

| a | b |
|--:|:-:|
| <b onclick="window.pwned=9">x</b> | `<script>` |

```html
<script>window.pwned = 10</script>
```

```"><img src=x onerror=window.pwned=11>
code
```
"""


async def until(look: Callable[[], Awaitable[float]], enough: Callable[[float], bool]) -> None:
    for _ in range(200):
        if enough(found := await look()):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"it stayed at {found}")


async def test_an_answer_streams_and_ends(page: Page, core: ScriptedCore, problems: list[str]) -> None:
    await ask(page, "What is **rain**?")
    await expect(page.locator(".question p")).to_have_text("What is **rain**?")
    await expect(page.locator(".dots")).to_be_visible()
    await expect(page.locator("#send")).to_have_attribute("aria-label", "Stop the answer")

    answer(core, "Water ", "that *falls*", end=False)
    await expect(page.locator(".answer .writing")).to_have_text("Water that falls")
    await expect(page.locator(".dots")).to_be_hidden()
    answer(core, ".")

    await expect(page.locator(".under")).to_contain_text("a test")
    await expect(page.locator(".answer em")).to_have_text("falls")
    await expect(page.locator(".writing")).to_have_count(0)
    await expect(page.locator("#send")).to_have_attribute("aria-label", "Send")
    await expect(page.locator("#spoken")).to_have_text("Water that *falls*.")
    await expect(page.locator("#sessions .open")).to_have_text("What is **rain**?")
    await expect(page).to_have_title("What is **rain**? – Chinwag")
    assert problems == []


async def test_a_reload_in_mid_answer_shows_it_going_on(page: Page, core: ScriptedCore) -> None:
    await ask(page, "Tell me everything")
    answer(core, "In the ", "beginning", end=False)
    await expect(page.locator(".writing")).to_have_text("In the beginning")

    await page.reload()

    await expect(page.locator(".writing")).to_have_text("In the beginning")
    answer(core, " there was", " a page.")
    await expect(page.locator(".answer .prose")).to_have_text("In the beginning there was a page.")
    await expect(page.locator(".turn")).to_have_count(1)


async def test_a_second_page_shows_the_same_answer(page: Page, core: ScriptedCore) -> None:
    await ask(page, "Tell me everything")
    answer(core, "In the ", end=False)
    await expect(page.locator(".writing")).to_have_text("In the")
    second = await page.context.new_page()
    await second.goto(page.url)
    answer(core, "beginning")
    for each in (page, second):
        await expect(each.locator(".answer .prose")).to_have_text("In the beginning")


async def test_hostile_markdown_is_harmless(page: Page, core: ScriptedCore, problems: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await ask(page, "<img src=x onerror=window.pwned=12>")
    answer(core, *(HOSTILE[at : at + 7] for at in range(0, len(HOSTILE), 7)))
    await expect(page.locator(".under")).to_contain_text("a test")

    assert await page.evaluate("window.pwned") is None
    assert await page.locator("#messages :is(img, script, iframe, b[onclick], object, form)").count() == 0
    assert await page.locator("#messages svg:not(.quiet svg)").count() == 0
    links = await page.eval_on_selector_all("#messages a", "links => links.map((a) => [a.href, a.target, a.rel])")
    safe = "noopener noreferrer nofollow"
    assert [(href, target, rel) for href, target, rel in links] == [
        ("https://example.org/a", "_blank", safe),
        ("https://tracker.example/secret.png", "_blank", safe),
    ]
    handlers = "nodes => nodes.flatMap((n) => [...n.attributes]).filter((a) => /^on|^style$/.test(a.name)).length"
    assert await page.eval_on_selector_all("#messages .prose *", handlers) == 0
    assert "<script>window.pwned = 10</script>" in await page.locator(".code code").first.inner_text()
    assert [url for url in asked if not url.startswith("http://127.0.0.1")] == []
    assert problems == []  # nothing even reached the content security policy


async def test_a_list_goes_on_counting_behind_a_block(page: Page, core: ScriptedCore) -> None:
    await ask(page, "How?")
    answer(core, "1. First\n\n```\nmake\n```\n\n2. Then\n\n---\n\n1000. Many\n")
    await expect(page.locator(".under")).to_contain_text("a test")
    starts = await page.eval_on_selector_all(".answer ol", "lists => lists.map((list) => list.start)")
    assert starts == [1, 2, 1000]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("In the", "P"),
        ("```py\nx = 1", "CODE"),
        ("1. One\n2. Tw", "LI"),
        ("1. One\n\n2. Tw", "P"),
        ("- a\n  - b\n- c\n  - d", "LI"),
        ("> said", "BLOCKQUOTE"),
    ],
)
async def test_there_is_one_caret_where_it_is_written(page: Page, core: ScriptedCore, text: str, where: str) -> None:
    await ask(page, "How?")
    answer(core, text, end=False)
    await expect(page.locator(".writing")).to_be_visible()
    carets = """nodes => nodes.filter((node) => {
      const after = getComputedStyle(node, "::after");
      return after.content !== "none" && after.display !== "none";
    }).map((node) => node.tagName)"""
    assert await page.eval_on_selector_all(".writing *", carets) == [where]


async def test_thoughts_are_folded_above_the_answer(page: Page, core: ScriptedCore, problems: list[str]) -> None:
    await ask(page, "Hi")
    answer(core, "~~~~~~~~thinking\nShe <b>greets</b> ", "me.\n~~~~~~~~\n\n", "Hello, **Dana**!")
    await expect(page.locator(".under")).to_contain_text("a test")
    thoughts = page.locator(".answer details.thoughts")
    assert await thoughts.get_attribute("open") is None
    await expect(thoughts.locator("code")).to_be_hidden()
    await thoughts.locator("summary").click()
    await expect(thoughts.locator("code")).to_have_text("She <b>greets</b> me.")
    await expect(page.locator(".answer p")).to_have_text("Hello, Dana!")
    await expect(page.locator("#spoken")).to_have_text("Hello, **Dana**!")
    assert problems == []


async def test_escape_stops_and_retry_answers_anew(page: Page, core: ScriptedCore) -> None:
    await ask(page, "Tell me everything")
    answer(core, "In the beginning", end=False)
    await expect(page.locator(".writing")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator(".under .state")).to_have_text("Stopped")
    await expect(page.locator(".answer .prose")).to_have_text("In the beginning")

    await page.get_by_role("button", name="Answer this anew").click()
    answer(core, "Once upon a time")

    await expect(page.locator(".answer .prose")).to_have_text("Once upon a time")
    await expect(page.locator(".turn")).to_have_count(1)


async def test_commands_are_offered_and_their_answers_look_different(page: Page, core: ScriptedCore) -> None:
    await page.fill("#text", "/he")
    await expect(page.locator("#picker li")).to_have_count(1)
    await page.press("#text", "Enter")
    await expect(page.locator(".notice")).to_contain_text("Answer to /help")
    await expect(page.locator(".notice .asked")).to_have_text("/help")
    await page.fill("#text", "/role te")
    await expect(page.locator("#picker b")).to_have_text(["teacher"])
    await page.press("#text", "Escape")
    await expect(page.locator("#picker")).to_be_hidden()
    await expect(page.locator(".turn")).to_have_count(0)
    assert [incoming.text for incoming in core.received] == ["/help"]


async def test_a_command_typed_before_the_page_knows_them_is_one(page: Page, core: ScriptedCore) -> None:
    arrived = asyncio.Event()

    async def late(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await page.route("**/state", late)
    await page.reload()
    await page.fill("#text", "/he")
    await expect(page.locator("#picker li")).to_have_count(0)
    arrived.set()
    await expect(page.locator("#picker b")).to_have_text(["/help"])

    await page.reload()
    arrived.clear()
    await page.fill("#text", "/help")
    await page.press("#text", "Enter")
    arrived.set()
    await expect(page.locator(".notice .asked")).to_have_text("/help")
    await expect(page.locator(".turn")).to_have_count(0)


async def test_new_begins_without_asking_the_core(page: Page, core: ScriptedCore) -> None:
    await ask(page, "Hello")
    answer(core, "Hi")
    await expect(page.locator(".under")).to_contain_text("a test")
    await ask(page, "/new")
    await expect(page.locator("#empty")).to_be_visible()
    await expect(page.locator("#sessions .session")).to_have_count(1)
    await page.go_back()
    await expect(page.locator(".answer .prose")).to_have_text("Hi")


async def test_a_reset_leads_to_the_new_conversation(page: Page, core: ScriptedCore) -> None:
    await ask(page, "Hello")
    answer(core, "Hi")
    await expect(page.locator(".under")).to_contain_text("a test")
    await ask(page, "/reset")
    await expect(page.locator(".notice .asked")).to_have_text("/reset")
    await expect(page.locator(".turn")).to_have_count(0)
    await expect(page.locator("#sessions .session")).to_have_count(2)


async def test_two_questions_are_answered_in_their_order(page: Page, core: ScriptedCore) -> None:
    await ask(page, "first")
    await expect(page.locator(".dots:visible")).to_have_count(1)
    await ask(page, "second")
    await expect(page.locator(".question small:visible")).to_have_text("Waits for its turn")
    answer(core, "1")
    answer(core, "2")
    await expect(page.locator(".answer .prose")).to_have_text(["1", "2"])
    await expect(page.locator(".question small:visible")).to_have_count(0)


async def test_what_is_drawn_already_stays_while_more_comes(page: Page, core: ScriptedCore) -> None:
    """A reader who marks a word must not lose it to the next one."""
    await ask(page, "Hello")
    answer(core, "The first paragraph.\n\n```python\nx = 1\n", end=False)
    await expect(page.locator(".code code")).to_have_text("x = 1")
    await page.evaluate("kept = [document.querySelector('.prose p'), document.querySelector('.code')]")
    answer(core, "y = 2\n```\n\nThe last one, with `code`.")
    await expect(page.locator(".under")).to_contain_text("a test")
    assert await page.evaluate("kept.map((node) => node.isConnected)") == [True, True]
    await expect(page.locator(".code .hljs-number")).to_have_text(["1", "2"])


async def test_the_end_stays_in_view_unless_one_scrolled_up(page: Page, core: ScriptedCore) -> None:
    async def left() -> float:
        """Pixels below what is in view."""
        script = "(s => s.scrollHeight - s.clientHeight - s.scrollTop)(document.getElementById('scroll'))"
        found: float = await page.evaluate(script)
        return found

    await ask(page, "Hello")
    answer(core, *(f"Paragraph {n}.\n\n" for n in range(60)), end=False)
    await expect(page.locator(".prose")).to_contain_text("Paragraph 59.")
    await until(left, lambda pixels: pixels < 3)
    await page.mouse.move(700, 300)
    await page.mouse.wheel(0, -400)
    await until(left, lambda pixels: pixels > 397)  # it comes in several steps
    before = await page.evaluate("document.getElementById('scroll').scrollTop")
    answer(core, *(f"More {n}.\n\n" for n in range(20)))
    await expect(page.locator(".prose")).to_contain_text("More 19.")
    assert await page.evaluate("document.getElementById('scroll').scrollTop") == before
    await page.click("#latest")
    await until(left, lambda pixels: pixels < 3)


async def test_the_download_of_the_model_is_shown(page: Page, weather: Weather) -> None:
    weather.now = Status("small offline model (Tiny 0.5B)", False, "Downloading the model.", 120_000_000, 480_000_000)
    await expect(page.locator("#model-news")).to_contain_text("120 of 480 MB")
    await expect(page.locator("#model-news progress")).to_have_attribute("value", "120000000")
    await expect(page.locator("#who")).to_have_text("You are talking to a small offline model (Tiny 0.5B).")
    weather.now = Status("small offline model (Tiny 0.5B)", True)
    await expect(page.locator("#model-news")).to_be_hidden()


async def test_a_lost_connection_is_said_and_found_again(page: Page, core: ScriptedCore, bot: WebBot) -> None:
    await ask(page, "Tell me everything")
    answer(core, "In the ", end=False)
    await expect(page.locator(".writing")).to_have_text("In the")
    for subscriber in list(bot._site.bus._subscribers):
        subscriber.close()
    await page.context.set_offline(True)
    await expect(page.locator("#connection")).to_have_text("Connecting again …")
    answer(core, "beginning")
    await page.context.set_offline(False)
    await expect(page.locator("#connection")).to_be_hidden()
    await expect(page.locator(".answer .prose")).to_have_text("In the beginning")


async def test_an_admin_approves_on_the_page(page: Page, store: Store, people: People) -> None:
    await store.access.pairing("telegram:42", "Anna")
    await page.reload()
    await expect(page.locator("#pairings li")).to_contain_text("Anna asks on Telegram")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.locator("#toasts")).to_contain_text("Anna can talk to Chinwag now.")
    await expect(page.locator("#pairings li")).to_have_count(0)
    assert people.approved == [("telegram:42", "web:owner")]


async def test_renaming_and_deleting_ask_first(page: Page, core: ScriptedCore) -> None:
    await ask(page, "Hello")
    answer(core, "Hi")
    await expect(page.locator(".under")).to_contain_text("a test")
    row = page.locator("#sessions .session")
    await row.hover()
    await row.get_by_role("button", name="Rename").click()
    await page.fill("dialog input", "Greetings")
    await page.press("dialog input", "Enter")
    await expect(row).to_have_text("Greetings")
    await row.get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(row).to_have_count(1)
    await row.hover()
    await row.get_by_role("button", name="Delete").click()
    await page.locator("dialog .danger").click()
    await expect(row).to_have_count(0)
    await expect(page.locator("#empty")).to_be_visible()


async def test_a_role_picked_before_the_first_word_counts(page: Page, core: ScriptedCore, store: Store) -> None:
    await page.select_option("#role", "teacher")
    await expect(page.locator("#sessions .session")).to_have_count(1)
    await ask(page, "Hello")
    answer(core, "Hi")
    await expect(page.locator(".under")).to_contain_text("a test")
    [session] = await store.sessions.of_chat("web", "page", "owner")
    assert session.role == "teacher"
    await expect(page.locator("#role")).to_have_value("teacher")


async def test_on_a_phone_the_list_is_a_drawer(bot: WebBot, browser: Browser, core: ScriptedCore) -> None:
    context = await browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    phone = await context.new_page()
    await phone.goto(await bot.link())
    await expect(phone.get_by_role("button", name="Open Chinwag")).to_be_focused()
    await phone.keyboard.press("Enter")
    await phone.locator("#starters button").first.tap()
    answer(core, "```text\n" + "wide " * 100 + "\n```\n\n| " + " | ".join("column" * 3 for _ in range(9)) + " |")
    await expect(phone.locator(".under")).to_contain_text("a test")
    assert await phone.evaluate("document.documentElement.scrollWidth") == 390
    await expect(phone.locator("#side")).to_be_hidden()
    await phone.tap("#open-side")
    await expect(phone.locator("#side")).to_be_visible()
    await phone.tap("#veil", position={"x": 370, "y": 400})
    await expect(phone.locator("#side")).to_be_hidden()


async def test_when_the_server_refuses_the_words_are_not_lost(page: Page) -> None:
    await page.route("**/messages", lambda route: route.fulfill(status=500, json={"error": "The disk is full."}))
    await ask(page, "A long thought")
    await expect(page.locator("#toasts")).to_contain_text("The disk is full.")
    await expect(page.locator("#text")).to_have_value("A long thought")
    await expect(page.locator(".turn")).to_have_count(0)
