"""Requests that other sites make a browser send, names that point here, bodies that are too large."""

from __future__ import annotations

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from bots.web import WebBot
from bots.web.guard import HEADERS, TOO_LARGE, Guard

OTHER_SITE = {"error": "This request came from another site."}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},  # another port is another origin
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_a_write_from_another_site_is_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/api/sessions", headers=headers)
    assert (answer.status_code, answer.json()) == (403, OTHER_SITE)
    assert (await client.get("/api/sessions")).json() == []


async def test_a_write_from_the_page_itself_is_taken(bot: WebBot, client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/sessions", headers={"Origin": bot.url})).status_code == 201
    assert (await client.post("/api/sessions", headers={"Sec-Fetch-Site": "same-origin"})).status_code == 201


async def test_reading_from_elsewhere_gets_no_permission_to_see(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/state", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_a_form_of_another_site_cannot_pass_for_json(client: httpx.AsyncClient) -> None:
    id = (await client.post("/api/sessions")).json()["session"]["id"]
    body = '{"id": "00000000-0000-4000-8000-000000000001", "text": "hello"}'
    answer = await client.post(f"/api/sessions/{id}/messages", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost.evil"])
async def test_a_strange_name_for_this_computer_is_refused(client: httpx.AsyncClient, host: str) -> None:
    """DNS rebinding: a site's name that suddenly points to 127.0.0.1."""
    answer = await client.get("/healthz", headers={"Host": host})
    assert answer.status_code == 403
    assert "localhost" in answer.json()["error"]


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "LOCALHOST"])
async def test_the_usual_names_of_this_computer_are_known(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/healthz", headers={"Host": host})).text == "chinwag is well"


async def test_bound_to_the_network_any_name_will_do() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here"})

    transport = httpx.ASGITransport(Guard(app, "0.0.0.0", most=9))
    async with httpx.AsyncClient(transport=transport, base_url="http://nas.home:8080") as client:
        assert (await client.get("/")).text == "here"


@pytest.mark.parametrize("path", ["/", "/api/state", "/page/app.js", "/nowhere", "/healthz"])
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_the_policy_allows_no_inline_script_and_no_other_site() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy


async def test_a_body_over_a_megabyte_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/sessions/x/messages", json={"id": "x", "text": "a" * 1_000_001})
    assert (answer.status_code, answer.json()) == (413, {"error": TOO_LARGE})


async def test_a_body_that_does_not_tell_its_size_is_refused_too(client: httpx.AsyncClient) -> None:
    id = (await client.post("/api/sessions")).json()["session"]["id"]

    async def endless():  # type: ignore[no-untyped-def]
        for _ in range(30):
            yield b" " * 50_000

    answer = await client.post(
        f"/api/sessions/{id}/messages", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()) == (413, {"error": TOO_LARGE})


@pytest.mark.parametrize("path", ["/page/../bot.py", "/page/%2e%2e/bot.py", "/page//etc/passwd", "/page/", "/nowhere"])
async def test_only_the_files_of_the_page_are_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": "There is nothing here."})


async def test_a_file_that_the_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/page/app.js")
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    again = await client.get("/page/app.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
