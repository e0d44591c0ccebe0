"""What the routes stand on: one person's conversations, put together from the store, the board and the core."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from bots.web.board import Board, Place
from bots.web.bus import Bus
from core.commands import COMMANDS, actions, parse
from core.live.thoughts import quoted
from core.model import Status
from core.store import Pairing, Store
from core.surface import Choice, Core, Pressed
from core.types import Address, Author, Incoming, Press, Session, SessionKey, Turn, clean

PLATFORM, BOT = "web", "page"
LONGEST = 100_000  # characters of one message: more than any model in use reads at once


class Access(Protocol):
    """Who may talk, and who may let others in. left: told who was let out."""

    left: list[Callable[[str], None]]

    async def approve(self, code: str, by: str) -> str: ...
    async def pending(self) -> list[Pairing]: ...
    async def is_admin(self, subject: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Site:
    core: Core
    store: Store
    status: Callable[[], Status]
    access: Access
    host: str  # what the server is bound to
    board: Board = field(default_factory=Board)
    bus: Bus = field(default_factory=Bus)
    now: Callable[[], float] = time.time

    async def is_admin(self, person: str) -> bool:
        return await self.access.is_admin(subject(person))

    async def state(self, person: str) -> dict[str, Any]:
        """What a page must know before it shows anything."""
        names = ("roles", "models", "languages")
        found = await asyncio.gather(*(self.choices(person, name) for name in names))
        admin = await self.is_admin(person)
        return {
            "person": person,
            "admin": admin,
            "model": status_json(self.status()),
            **{name: [asdict(choice) for choice in choices] for name, choices in zip(names, found, strict=True)},
            "commands": [asdict(c) for c in COMMANDS if c.name != "start" and (admin or not c.admin)],
            "limits": {"text": LONGEST},
        }

    async def choices(self, person: str, argument: str) -> Sequence[Choice]:
        return await self.core.suggest(_incoming(key_of(person, ""), "", uuid4().hex, self.now()), argument)

    async def sessions(self, person: str) -> list[dict[str, Any]]:
        found = await self.store.sessions.of_chat(PLATFORM, BOT, person)
        return [self._session_json(session) for session in found]

    async def own(self, person: str, id: str) -> Session | None:
        """The session if it is this person's, else None: whether it exists is nobody else's business."""
        session = await self.store.sessions.get(id)
        if session is None or (session.key.platform, session.key.bot, session.key.chat) != (PLATFORM, BOT, person):
            return None
        return session

    async def begin(self, person: str) -> Session:
        """A new conversation. It keeps the language of the latest one: people change it once, not every time."""
        latest = await self.store.sessions.of_chat(PLATFORM, BOT, person, limit=1)
        session = await self.store.sessions.current(key_of(person, uuid4().hex))
        if latest and latest[0].language:
            session = await self.store.sessions.set(session.id, language=latest[0].language)
        self.changed(person)
        return session

    async def view(self, session: Session) -> dict[str, Any]:
        """One conversation as it is on screen now. current: the session that the next message here goes to."""
        turns = await self.store.turns.all(session.id)
        current = await self.store.sessions.find(session.key) or session
        waiting = self.board.waiting(_place(session), turns) if current.id == session.id else []
        shown = self.board.shown(_place(session), session.id, turns)
        return {
            "session": self._session_json(session),
            "current": current.id,
            "turns": [_turn_json(turn) for turn in turns],
            "messages": [message.as_json() for message in shown],
            "waiting": [{"id": event, "text": text} for event, text in waiting],
        }

    async def send(self, session: Session, event: str, text: str) -> None:
        """Hand a message to the core; returns when it is committed. The same event twice is taken once."""
        await self.make_current(session)
        incoming = clean(_incoming(session.key, text, event, self.now()))
        place, command = _place(session), parse(incoming.text)
        waits = command is None and self.board.ask(place, event, incoming.text, self.now())
        if command and not command[0].asks_model:
            self.board.command(place, event, incoming.text)
        else:
            self._tell_asked(session.key, incoming)
        try:
            await self.core.receive(incoming)
        except Exception:  # the page puts the text back where it was typed
            if waits:
                self.board.retract(place, event)
                self._tell_changed(session.key)
            raise

    async def edit(self, session: Session, event: str, of: str, text: str) -> None:
        """The question that was sent as `of` is changed; returns when that is committed."""
        await self.make_current(session)
        incoming = clean(_incoming(session.key, text, event, self.now(), of=of))
        before = self.board.amend(_place(session), of, incoming.text)
        try:
            await self.core.edited(incoming)
        except Exception:
            self.board.amend(_place(session), of, before)
            raise
        self._tell_changed(session.key)

    async def press(self, person: str, data: str) -> Pressed:
        """A button under an answer; the core looks whose it is."""
        return await self.core.press(Press(data, Address(PLATFORM, BOT, person), Author(PLATFORM, person, person)))

    async def remember(self) -> None:
        """Questions that wait since before a restart are shown, and their conversations are marked as busy."""
        for row in await self.store.answers.waiting_in(PLATFORM, BOT):
            key, incoming = row.lane.key, row.incoming
            if not (row.lane.express or incoming.act or parse(incoming.text)):
                self.board.ask(Place(key.chat, key.thread), incoming.event, incoming.text, row.received)

    async def make_current(self, session: Session) -> None:
        current = await self.store.sessions.find(session.key)
        if current is None or current.id != session.id:
            await self.store.sessions.switch(session.id)

    async def delete(self, session: Session) -> None:
        """Delete the session with its turns, and stop what is being answered in it: deleted first, nothing begins."""
        busy = self.board.is_busy(_place(session), session.id)
        await self.store.sessions.delete(session.id)
        self.board.forget(_place(session), session.id)
        if busy:
            await self.core.receive(_incoming(session.key, "/stop", uuid4().hex, self.now()))
        self.changed(session.key.chat)

    def changed(self, person: str) -> None:
        """Let every page of this person read its list of conversations again."""
        self.bus.publish(person, "sessions", {"type": "sessions"})

    def _tell_changed(self, key: SessionKey) -> None:
        """Every page that shows this conversation reads it again."""
        self.bus.publish(key.chat, ("changed", key.thread), {"type": "changed", "thread": key.thread})
        self.changed(key.chat)

    def _tell_asked(self, key: SessionKey, incoming: Incoming) -> None:
        """The person's other pages show the question too."""
        asked = {"type": "asked", "thread": key.thread, "id": incoming.event, "text": incoming.text}
        self.bus.publish(key.chat, ("asked", incoming.event), asked)
        self.changed(key.chat)

    def _session_json(self, session: Session) -> dict[str, Any]:
        names = ("id", "title", "role", "role_prompt", "language", "streaming", "created", "updated")
        busy = self.board.is_busy(_place(session), session.id)
        return {name: getattr(session, name) for name in names} | {"thread": session.key.thread, "busy": busy}


def subject(person: str) -> str:
    """The form that the access table uses."""
    return f"{PLATFORM}:{person}"


def key_of(person: str, thread: str) -> SessionKey:
    return SessionKey(PLATFORM, BOT, person, thread)


def status_json(status: Status) -> dict[str, Any]:
    names = ("name", "ready", "note", "done", "total")
    return {name: getattr(status, name) for name in names}


def _place(session: Session) -> Place:
    return Place(session.key.chat, session.key.thread)


def _incoming(key: SessionKey, text: str, event: str, sent: float, *, of: str = "") -> Incoming:
    """of: the event of the question that this changes."""
    address = Address(key.platform, key.bot, key.chat, key.thread, reply_to=of or event)
    return Incoming(event, address, Author(PLATFORM, key.chat, key.chat), text, sent=sent)


def _turn_json(turn: Turn) -> dict[str, Any]:
    names = ("seq", "question", "state", "created", "model")
    answer = quoted(turn.thoughts) + turn.shown if turn.shown else ""
    shown = {"answer": answer, "asked": turn.message, "actions": [asdict(a) for a in actions.under(turn)]}
    return {name: getattr(turn, name) for name in names} | shown
