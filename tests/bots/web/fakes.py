"""A core for the page's tests: it writes turns into a real store and says what the test tells it to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.commands import actions, parse
from core.errors import Gone, UserError
from core.model import Status
from core.store import Pairing, Store
from core.surface import Choice, Out, Platform, Pressed, Surface
from core.types import Incoming, Lane, Press, SessionKey, Turn

if TYPE_CHECKING:
    from playwright.async_api import Page

ROLES = [Choice("assistant", "Assistant – helps with anything"), Choice("teacher", "Teacher – explains step by step")]
MODELS = (Choice("big", "big"), Choice("small", "small – $1 in"))
LANGUAGES = [Choice("auto", "auto – the language you write in"), Choice("Deutsch", "Deutsch")]


class ScriptedCore:
    """Implements `core.surface.Core`. Feed `pieces` with text; None ends the answer that is being written."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.platform: Platform | None = None
        self.received: list[Incoming] = []
        self.pieces: asyncio.Queue[str | None] = asyncio.Queue()
        self.tasks: set[asyncio.Task[None]] = set()
        self.edits: list[Incoming] = []
        self.pressed: list[Press] = []
        self.deleted = 0
        self._writing: dict[SessionKey, asyncio.Task[None]] = {}
        self._turns: dict[SessionKey, asyncio.Lock] = {}

    async def receive(self, incoming: Incoming) -> None:
        key = SessionKey.of(incoming.address, incoming.author)
        command = parse(incoming.text)
        lane = Lane.of(key, incoming.address, incoming.author)
        lane = lane.beside if command and not command[0].asks_model else lane
        row = await self.store.inbox.accept(incoming, lane)
        if row is None:
            return
        self.received.append(incoming)
        work = self._command(incoming, key) if lane.express else self._answer(incoming, key, lane)
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def edited(self, incoming: Incoming) -> None:
        """Ask the last question anew, as it is now."""
        self.edits.append(incoming)
        key = SessionKey.of(incoming.address, incoming.author)
        session = await self.store.sessions.current(key)
        of = (await self.store.turns.all(session.id))[-1].row
        await self._again(replace(incoming, act="edit", of=of), key)

    async def press(self, press: Press) -> Pressed:
        """Every button does what it says, whoever presses it."""
        self.pressed.append(press)
        name, row = actions.read(press.data) or ("", 0)
        answer = await self.store.answers.of_row(row)
        if answer is None:
            return Pressed("That answer is no longer there.")
        if name == "stop":
            self._writing[answer.lane.key].cancel()
        else:
            again = Incoming(f"again:{row:x}", answer.address, press.author, act=name, of=row)
            await self._again(again, answer.lane.key)
        return Pressed("Done.", done=True)

    async def _again(self, incoming: Incoming, key: SessionKey) -> None:
        lane = Lane.of(key, incoming.address, incoming.author)
        if await self.store.inbox.accept(incoming, lane) is not None:
            task = asyncio.create_task(self._answer(incoming, key, lane))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def suggest(self, incoming: Incoming, argument: str) -> Sequence[Choice]:
        return {"roles": ROLES, "models": MODELS, "languages": LANGUAGES}[argument]

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _command(self, incoming: Incoming, key: SessionKey) -> None:
        name = incoming.text.split()[0]
        if name == "/reset":
            await self.store.sessions.new(key)
        if name == "/stop" and key in self._writing:
            self._writing[key].cancel()
        surface = self._open(incoming)
        await surface.post(_out(surface, f"Answer to **{name}**", final=True))

    async def _answer(self, incoming: Incoming, key: SessionKey, lane: Lane) -> None:
        async with self._turns.setdefault(key, asyncio.Lock()):
            session = await self.store.sessions.current(key)
            lease = await self.store.leases.acquire(lane)
            row = await self.store.inbox.next(lease)
            assert row is not None
            if incoming.text == "/retry":
                turn = await self.store.turns.reopen(row.id, lease, session.id)
            elif incoming.of:
                asked = incoming.text or None
                turn = await self.store.turns.reopen(row.id, lease, session.id, of=incoming.of, question=asked)
            else:
                asked, message = incoming.text, incoming.address.reply_to
                turn = await self.store.turns.open(row.id, lease, session.id, "owner", asked, message=message)
            assert turn is not None
            await self.store.deliveries.open(row.id, lease, incoming.address)
            text, state = await self._write(incoming, key, turn)
            await self.store.turns.finish(row.id, lease, turn, answer=text, state=state, model="a test")

    async def _write(self, incoming: Incoming, key: SessionKey, turn: Turn) -> tuple[str, str]:
        surface = self._open(incoming)
        await surface.typing()
        said: list[str] = []
        nonce = f"{turn.session}-{turn.seq}"
        task = self._writing[key] = asyncio.create_task(self._stream(surface, nonce, turn, said))
        try:
            await task
        except asyncio.CancelledError:
            stopped = replace(turn, answer="".join(said), state="stopped")
            out = _out(surface, stopped.answer or "Stopped.", nonce=nonce, final=True, under=stopped)
            await surface.edit(nonce, out)
            return "".join(said), "stopped"
        except Gone:
            self.deleted += 1
            return "".join(said), "stopped"
        finally:
            self._writing.pop(key, None)
        return "".join(said), "done"

    async def _stream(self, surface: Surface, nonce: str, turn: Turn, said: list[str]) -> None:
        id = ""
        while True:
            piece = await self.pieces.get()
            said.append(piece or "")
            under = turn if piece is not None else replace(turn, answer="".join(said), state="done")
            out = _out(surface, "".join(said), nonce=nonce, final=piece is None, under=under)
            if id:
                await surface.edit(id, out)
            else:
                id = await surface.post(out)
            if piece is None:
                return

    def _open(self, incoming: Incoming) -> Surface:
        assert self.platform is not None
        return self.platform.open(incoming.address)


class People:
    """Access as the page asks for it: the store's table, with one person who waits at the door."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.approved: list[tuple[str, str]] = []
        self.left: list[Callable[[str], None]] = []

    async def is_admin(self, subject: str) -> bool:
        return await self.store.access.level(subject) == "admin"

    async def pending(self) -> list[Pairing]:
        return await self.store.access.pending()

    async def approve(self, code: str, by: str) -> str:
        pairing = await self.store.access.admit(code, by=by)
        if pairing is None:
            raise UserError("This code is unknown or has expired.")
        self.approved.append((pairing.subject, by))
        return pairing.name


class Weather:
    """A model status that a test can change."""

    def __init__(self) -> None:
        self.now = Status("a test model", True)

    def __call__(self) -> Status:
        return self.now


def _out(surface: Surface, text: str, *, nonce: str = "", final: bool = False, under: Turn | None = None) -> Out:
    return Out(surface.render(text), nonce=nonce, final=final, actions=actions.under(under) if under else ())


async def ask(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.press("#text", "Enter")


def answer(core: ScriptedCore, *pieces: str, end: bool = True) -> None:
    for piece in pieces:
        core.pieces.put_nowait(piece)
    if end:
        core.pieces.put_nowait(None)
