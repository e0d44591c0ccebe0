"""Who is there: one-time links as Jupyter has them, and the cookie that a link is exchanged for."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import Depends, HTTPException, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bots.web.files import door, file_answer
from bots.web.site import Site, subject

OWNER = "owner"
YEAR = 365 * 24 * 3600

SCHEMES = frozenset({"http", "https"})

WELCOME = (
    "Welcome to Chinwag",
    "One press lets this browser in, and it stays signed in. The link works once: keep it to yourself.",
)
CLOSED = (
    "Open your link first",
    "This is a private page. When Chinwag starts it prints a link in its terminal: open that one in this browser. "
    "If it is used already, restart Chinwag for a new one, or make one where you are signed in "
    "(“Open on another device”).",
)
USED = (
    "This link was used already",
    "Each link opens the page once, and it runs out after an hour. Restart Chinwag and open the link that it prints, "
    "or make a new one where you are signed in (“Open on another device”).",
)


def cookie_of(request: Request) -> str:
    """The name has the port in it: cookies do not know ports, and two Chinwags may run on one computer."""
    return f"chinwag-{request.scope['server'][1]}"


async def visitor(request: Request) -> str | None:
    """The person whose cookie this request carries."""
    site: Site = request.app.state.site
    cookie = request.cookies.get(cookie_of(request), "")
    return await site.store.logins.person(cookie) if cookie else None


async def person(request: Request) -> str:
    """The person, or 401."""
    found = await visitor(request)
    if found is None:
        raise HTTPException(401, "You are not signed in here any more: open a new link.")
    return found


async def admin(request: Request) -> str:
    """The person if an admin, or 403."""
    found = await person(request)
    site: Site = request.app.state.site
    if not await site.is_admin(found):
        raise HTTPException(403, "Only an admin can do this.")
    return found


Person = Annotated[str, Depends(person)]
Admin = Annotated[str, Depends(admin)]


async def front(request: Request) -> Response:
    """GET /: the page for who is signed in, the door with a button for who has a link, or the closed door.

    A GET uses no link up: the preview that a chat app fetches of one must not take its place.
    """
    site: Site = request.app.state.site
    token = request.query_params.get("token", "")
    if token and await site.store.logins.waits(token):
        return _door(*WELCOME, token=token)
    if await visitor(request) is not None:  # a second click on one's own link is no mistake
        return RedirectResponse("/", 303) if token else file_answer(request, "index.html")
    return _door(*USED, status=403) if token else _door(*CLOSED, status=401)


async def enter(request: Request) -> Response:
    """POST /: the button at the door. The link is used up, and this browser is signed in from now on."""
    site: Site = request.app.state.site
    token = parse_qs((await request.body()).decode("ascii", "replace")).get("token", [""])[0]
    redeemed = await site.store.logins.redeem(token)
    if redeemed is None:  # a second press is no mistake either
        return RedirectResponse("/", 303) if await visitor(request) is not None else _door(*USED, status=403)
    person, cookie = redeemed
    await _let_in(site, person)
    response = RedirectResponse("/", 303)
    secure = scheme_of(request) == "https"
    response.set_cookie(cookie_of(request), cookie, max_age=YEAR, httponly=True, samesite="strict", secure=secure)
    return response


def scheme_of(request: Request) -> str:
    """ "https" or "http": what the person's browser sees, also when a proxy in front of us does the HTTPS.

    The browser's own word goes before the proxy's. Whoever sends a wrong one deceives only themselves.
    """
    origin = urlsplit(request.headers.get("origin", ""))
    if origin.scheme in SCHEMES and origin.netloc.lower() == request.headers.get("host", "").lower():
        return origin.scheme
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    return forwarded if forwarded in SCHEMES else request.url.scheme


def _door(title: str, text: str, *, token: str = "", status: int = 200) -> Response:
    """Its own policy: with "no-referrer" the form's POST would say that it comes from nowhere."""
    return HTMLResponse(door(title, text, token=token), status, {"Referrer-Policy": "same-origin"})


async def _let_in(site: Site, person: str) -> None:
    """Whoever reads the terminal, where the owner's link is printed, runs this Chinwag."""
    if person == OWNER and await site.store.access.level(subject(person)) is None:
        await site.store.access.grant(subject(person), "admin", name=person, by="link")
