"""The JSON API of the page. A person reaches their own sessions only; anybody else's is a 404, as if it never was."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field, field_validator
from starlette.responses import Response

from bots.web.login import Admin, Person, cookie_of, scheme_of
from bots.web.reach import for_others, is_loopback, own_address
from bots.web.site import LONGEST, Site, subject
from core.errors import UserError
from core.store.logins import hashed
from core.types import Session

router = APIRouter(prefix="/api")


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


Here = Annotated[Site, Depends(_site)]


async def _session(id: str, person: Person, site: Here) -> Session:
    session = await site.own(person, id)
    if session is None:
        raise HTTPException(404, "There is no such conversation.")
    return session


Own = Annotated[Session, Depends(_session)]


class NewMessage(BaseModel):
    """id: made by the page, so that a message sent twice is taken once."""

    id: UUID
    text: str = Field(max_length=LONGEST)

    @field_validator("text")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("Write something first.")
        return text


class NewEdit(NewMessage):
    """of: the id of the message that is changed."""

    of: UUID


class Button(BaseModel):
    data: str = Field(max_length=64)


class Change(BaseModel):
    """What a person may change about a conversation. role_prompt: the user's own role; role is "custom" then."""

    title: str | None = Field(None, max_length=200)
    role: str | None = Field(None, max_length=100)
    role_prompt: str | None = Field(None, max_length=4000)
    language: str | None = Field(None, max_length=100)
    streaming: bool | None = None


@router.get("/state")
async def state(person: Person, site: Here) -> dict[str, Any]:
    return await site.state(person)


@router.get("/sessions")
async def sessions(person: Person, site: Here) -> list[dict[str, Any]]:
    return await site.sessions(person)


@router.post("/sessions", status_code=201)
async def begin(person: Person, site: Here) -> dict[str, Any]:
    return await site.view(await site.begin(person))


@router.get("/sessions/{id}")
async def view(session: Own, site: Here) -> dict[str, Any]:
    return await site.view(session)


@router.patch("/sessions/{id}")
async def change(session: Own, change: Change, person: Person, site: Here) -> dict[str, Any]:
    await _check(change, person, site)
    changed = await site.store.sessions.set(session.id, **_settings(change))
    site.changed(person)
    return await site.view(changed)


@router.delete("/sessions/{id}", status_code=204)
async def delete(session: Own, site: Here) -> None:
    await site.delete(session)


@router.post("/sessions/{id}/messages", status_code=202)
async def send(session: Own, message: NewMessage, site: Here) -> dict[str, Any]:
    await site.send(session, str(message.id), message.text)
    return {"id": str(message.id)}


@router.post("/sessions/{id}/edits", status_code=202)
async def edit(session: Own, message: NewEdit, site: Here) -> dict[str, Any]:
    await site.edit(session, str(message.id), str(message.of), message.text)
    return {"id": str(message.id)}


@router.post("/press")
async def press(button: Button, person: Person, site: Here) -> dict[str, Any]:
    """A button under an answer. done: false when nothing was changed; text says why."""
    return asdict(await site.press(person, button.data))


@router.post("/sign-out", status_code=204)
async def sign_out(request: Request, response: Response, person: Person, site: Here) -> None:
    """This browser needs a new link to come back; others of the same person stay signed in."""
    name = cookie_of(request)
    cookie = request.cookies.get(name, "")
    await site.store.logins.revoke(cookie)
    site.bus.sign_out(hashed(cookie))
    response.delete_cookie(name, httponly=True, samesite="strict", secure=scheme_of(request) == "https")


@router.get("/pairings")
async def pairings(admin: Admin, site: Here) -> list[dict[str, Any]]:
    return [
        {"code": p.code, "subject": p.subject, "name": p.name, "expires": p.expires}
        for p in await site.access.pending()
    ]


@router.post("/pairings/{code}/approve")
async def approve(code: str, admin: Admin, site: Here) -> dict[str, Any]:
    try:
        return {"name": await site.access.approve(code, subject(admin))}
    except UserError as error:
        raise HTTPException(404, str(error)) from None


@router.post("/links", status_code=201)
async def link(request: Request, admin: Admin, site: Here) -> dict[str, Any]:
    """Another one-time link for the same person. local: only a browser on this computer can open it."""
    token = await site.store.logins.mint(admin)
    local = is_loopback(site.host)
    host = request.headers["host"] if local else for_others(request.headers["host"], own_address())
    return {"url": f"{scheme_of(request)}://{host}/?token={token}", "local": local}


def _settings(change: Change) -> dict[str, Any]:
    """As the store has it: a built-in role has no prompt of the user's, and following the user's language is ""."""
    settings = change.model_dump(exclude_none=True)
    if change.role and change.role != "custom":
        settings["role_prompt"] = ""
    if change.language == "auto":
        settings["language"] = ""
    return settings


async def _check(change: Change, person: str, site: Site) -> None:
    roles = {choice.value for choice in await site.choices(person, "roles")} if change.role else set()
    if change.role and change.role not in roles | {"custom"}:
        raise HTTPException(400, "There is no such role.")
    if change.role == "custom" and not (change.role_prompt or "").strip():
        raise HTTPException(400, "Say in a few words who I shall be.")
    languages = {choice.value for choice in await site.choices(person, "languages")} if change.language else set()
    if change.language and change.language not in languages:
        raise HTTPException(400, "I do not know this language.")
