"""One-time links, the cookie, and what is closed without it."""

from __future__ import annotations

import httpx
import pytest

from bots.web import WebBot
from core.store import Store
from tests.bots.web.conftest import sign_in
from tests.bots.web.fakes import People, ScriptedCore, Weather


async def test_a_link_signs_in_once_and_leads_to_the_page(bot: WebBot, stranger: httpx.AsyncClient) -> None:
    link = await bot.link()
    assert link.startswith(f"{bot.url}/?token=")

    answer = await sign_in(stranger, link)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    page = await stranger.get("/")
    assert page.status_code == 200
    assert 'id="composer"' in page.text


async def test_a_preview_of_a_link_does_not_use_it_up(bot: WebBot, stranger: httpx.AsyncClient) -> None:
    """Chat apps fetch every link that is sent there, before its reader can."""
    link = await bot.link()
    async with httpx.AsyncClient(trust_env=False) as preview:
        shown = await preview.get(link, headers={"User-Agent": "TelegramBot (like TwitterBot)"})
    assert (shown.status_code, shown.headers.get("set-cookie")) == (200, None)
    assert (await sign_in(stranger, link)).status_code == 303
    assert (await stranger.get("/api/state")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "chat.example.org", "Origin": "https://chat.example.org"},
        {"Host": "chat.example.org", "X-Forwarded-Proto": "https"},
        {"Host": "chat.example.org", "X-Forwarded-Proto": "https, http", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_behind_an_https_proxy_links_and_cookies_are_for_https(
    core: ScriptedCore, store: Store, headers: dict[str, str]
) -> None:
    bot = WebBot(core, store, Weather(), People(store), host="0.0.0.0", port=0)
    await bot.start()
    try:
        async with httpx.AsyncClient(base_url=bot.url, trust_env=False, headers=headers) as client:
            token = (await bot.link()).partition("token=")[2]
            cookie = (await client.post("/", data={"token": token})).headers["set-cookie"]
            assert "secure" in cookie.lower()
            made = await client.post("/api/links", headers={"Cookie": cookie.partition(";")[0]})
            assert made.json()["url"].startswith("https://chat.example.org/?token=")
    finally:
        await bot.stop()


async def test_the_button_works_in_a_browser_that_says_only_its_origin(
    bot: WebBot, stranger: httpx.AsyncClient
) -> None:
    """With the policy of the rest of the page such a browser would send "Origin: null", and be refused."""
    link = await bot.link()
    assert (await stranger.get(link)).headers["referrer-policy"] == "same-origin"
    token = {"token": link.partition("token=")[2]}
    assert (await stranger.post("/", data=token, headers={"Origin": "null"})).status_code == 403
    assert (await stranger.post("/", data=token, headers={"Origin": bot.url})).status_code == 303


async def test_a_used_link_says_what_to_do(bot: WebBot, client: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    link = await bot.link()
    await sign_in(client, link)

    pressed = await stranger.post("/", data={"token": link.partition("token=")[2]})

    for answer in (await stranger.get(link), pressed):
        assert answer.status_code == 403
        assert "was used already" in answer.text
        assert "Restart Chinwag" in answer.text
        assert "set-cookie" not in answer.headers


async def test_a_second_click_on_ones_own_link_is_no_mistake(bot: WebBot, stranger: httpx.AsyncClient) -> None:
    link = await bot.link()
    await sign_in(stranger, link)
    pressed = await stranger.post("/", data={"token": link.partition("token=")[2]})
    for answer in (await stranger.get(link), pressed):
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_an_unknown_token_opens_nothing(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/?token=guessed")
    assert answer.status_code == 403
    assert (await stranger.get("/api/state")).status_code == 401


async def test_without_a_cookie_the_door_is_closed(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/")
    assert answer.status_code == 401
    assert "Open your link first" in answer.text
    assert 'id="composer"' not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/state"),
        ("GET", "/api/events"),
        ("GET", "/api/sessions"),
        ("POST", "/api/sessions"),
        ("GET", "/api/sessions/x"),
        ("PATCH", "/api/sessions/x"),
        ("DELETE", "/api/sessions/x"),
        ("POST", "/api/sessions/x/messages"),
        ("GET", "/api/pairings"),
        ("POST", "/api/pairings/x/approve"),
        ("POST", "/api/links"),
    ],
)
async def test_everything_else_needs_the_cookie(stranger: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await stranger.request(method, path, json={} if method != "GET" else None)
    assert answer.status_code == 401
    assert answer.json() == {"error": "You are not signed in here any more: open a new link."}


async def test_health_and_files_need_no_cookie(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/healthz")).text == "chinwag is well"
    assert (await stranger.get("/page/base.css")).status_code == 200


async def test_whoever_opens_the_first_link_is_admin(store: Store, client: httpx.AsyncClient) -> None:
    assert await store.access.level("web:owner") == "admin"
    assert (await client.get("/api/state")).json()["admin"] is True


async def test_the_owner_is_admin_although_there_is_another(
    bot: WebBot, store: Store, stranger: httpx.AsyncClient
) -> None:
    await store.access.grant("telegram:1", "admin")
    await sign_in(stranger, await bot.link())
    assert await store.access.level("web:owner") == "admin"


async def test_an_admin_makes_a_link_for_another_device(client: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    made = await client.post("/api/links")
    assert made.status_code == 201
    assert made.json()["local"] is True

    await sign_in(stranger, made.json()["url"])

    assert (await stranger.get("/api/state")).json()["person"] == "owner"


async def test_only_an_admin_makes_links(client: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    answer = await other.post("/api/links")
    assert answer.status_code == 403
    assert answer.json() == {"error": "Only an admin can do this."}


async def test_signing_out_forgets_this_browser_only(bot: WebBot, client: httpx.AsyncClient, store: Store) -> None:
    async with httpx.AsyncClient(base_url=bot.url, trust_env=False) as elsewhere:
        await sign_in(elsewhere, await bot.link())
        before = dict(client.cookies)
        answer = await client.post("/api/sign-out")
        assert (answer.status_code, dict(client.cookies)) == (204, {})
        client.cookies.update(before)  # as somebody would who had copied it
        assert (await client.get("/api/state")).status_code == 401
        assert (await elsewhere.get("/api/state")).status_code == 200
