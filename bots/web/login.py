"""Who is there: one-time links as Jupyter has them, and the cookie that a link is exchanged for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bots.web.files import door, file_answer
from bots.web.site import Site, subject

OWNER = "owner"
YEAR = 365 * 24 * 3600

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
    """GET /: the page for who is signed in, the exchange of a link, or the closed door."""
    token = request.query_params.get("token")
    signed_in = await visitor(request) is not None
    if token:
        return await _exchange(request, token, signed_in)
    if signed_in:
        return file_answer(request, "index.html")
    return HTMLResponse(door(*CLOSED), 401)


async def _exchange(request: Request, token: str, signed_in: bool) -> Response:
    site: Site = request.app.state.site
    redeemed = await site.store.logins.redeem(token)
    if redeemed is None:
        # A second click on one's own link is no mistake.
        return RedirectResponse("/", 303) if signed_in else HTMLResponse(door(*USED), 403)
    person, cookie = redeemed
    await _let_in(site, person)
    response = _onward(request)
    response.set_cookie(cookie_of(request), cookie, max_age=YEAR, httponly=True, samesite="strict")
    return response


def _onward(request: Request) -> Response:
    """To "/" . A strict cookie does not survive a redirect that another site's link began, so that one goes by page."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return HTMLResponse(door("Welcome", "One moment …", onward=True))
    return RedirectResponse("/", 303)


async def _let_in(site: Site, person: str) -> None:
    """Whoever reads the terminal, where the owner's link is printed, runs this Chinwag."""
    if await site.store.access.level(subject(person)) is None:
        level = "admin" if person == OWNER else "member"
        await site.store.access.grant(subject(person), level, name=person, by="link")
