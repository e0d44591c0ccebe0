"""One row of the inbox, from its question to the complete answer on screen and in history."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from langchain_core.messages import BaseMessage

from core import context
from core.commands.handlers import Handlers, Request
from core.commands.table import Command, parse
from core.context import Window
from core.errors import ChinwagError, Gone, ModelError, Refused, shown
from core.live.budget import Budgets
from core.live.delivery import Deleted, Delivery, Fenced
from core.model import Model
from core.observe.log import get_logger
from core.store import Lease, Row, Store
from core.surface import Platforms
from core.types import Incoming, Session, SessionKey, Turn, Usage

log = get_logger(__name__)

TRIES = 3  # a row that failed or took the process down this often is answered with an apology


@dataclass(slots=True)
class Said:
    """What came of asking the model. state: "done", "stopped" or "failed"; note: for the user, not for history."""

    text: str = ""
    state: str = "done"
    note: str = ""
    usage: Usage | None = None

    def complete(self) -> str:
        """The whole message as the user shall see it in the end."""
        if self.note:
            return f"{self.text}\n\n⚠️ {self.note}" if self.text.strip() else f"⚠️ {self.note}"
        return self.text if self.text.strip() else "Stopped before anything was said."


class Chat:
    """Answers inbox rows.

    session_key: maps an incoming message to its session. most: the messages that one answer may have.
    """

    def __init__(
        self,
        store: Store,
        model: Model,
        platforms: Platforms,
        handlers: Handlers,
        *,
        session_key: Callable[[Incoming], SessionKey],
        window: Window,
        most: int,
        budgets: Budgets,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._model = model
        self._platforms = platforms
        self._handlers = handlers
        self._session_key = session_key
        self._window = window
        self._most = most
        self._budgets = budgets
        self._now = now
        self.stopped: set[str] = set()  # the /stop messages (by event) that found something to stop

    async def handle(self, row: Row, lease: Lease, stop: asyncio.Event) -> bool:
        """Answer one row. False when a newer lease took over: then nothing more was written.

        Whatever the message or the model does, the user is told something and the row is finished.
        """
        with structlog.contextvars.bound_contextvars(turn=f"{row.id:x}"):
            try:
                return await self._handle(row, lease, stop)
            except Fenced:
                return False
            except (Refused, Gone) as error:
                log.warning("the answer could not be shown", error=repr(error), lane=str(row.lane))
                return await self._give_up(row, lease)
            except Exception:
                if row.tries <= TRIES:
                    raise
                log.exception("given up on a message", lane=str(row.lane), tries=row.tries)
                return await self._give_up(row, lease)

    async def _give_up(self, row: Row, lease: Lease) -> bool:
        """Finish a row that nothing can be shown for: the lane must go on, and no turn stays open in history."""
        turn = await self._store.turns.of_row(row.id)
        if turn is None:
            return await self._store.inbox.done(row.id, lease)
        return await self._store.turns.finish(row.id, lease, turn, answer=turn.answer, state="failed")

    async def _handle(self, row: Row, lease: Lease, stop: asyncio.Event) -> bool:
        command, argument = parse(row.incoming.text) or (None, "")
        if command and not command.asks_model:
            return await self._notice(row, lease, await self._run(row, command, argument))
        if not row.incoming.text.strip():
            return await self._notice(row, lease, _cannot(row.incoming))
        return await self._answer(row, lease, stop, retry=command is not None)

    # Commands and other short notices

    async def _run(self, row: Row, command: Command, argument: str) -> str:
        stopped = row.incoming.event in self.stopped
        self.stopped.discard(row.incoming.event)
        try:
            _bear(row)
            key = self._session_key(row.incoming)
            return await self._handlers.run(Request(command, argument, row.incoming, key, stopped))
        except Exception as error:
            return explain(error, row)

    async def _notice(self, row: Row, lease: Lease, text: str) -> bool:
        delivery = await self._deliver(row, lease, streaming=True)
        delivery.finish(text)
        try:
            await delivery.run(self._platforms.of(row.incoming.address).typing_every)
        except Deleted:
            log.info("a notice was deleted while it was being shown")
        return await self._store.deliveries.finish(row.id, lease, text)

    # Answers of the model

    async def _answer(self, row: Row, lease: Lease, stop: asyncio.Event, *, retry: bool) -> bool:
        session = await self._store.sessions.current(self._session_key(row.incoming))
        try:
            turn = await self._open_turn(row, lease, session, retry=retry)
        except Fenced:
            raise
        except Exception as error:
            return await self._notice(row, lease, explain(error, row))
        said = Said()
        await self._converse(row, session, turn, said, await self._deliver(row, lease, session.streaming), stop)
        return await self._store.turns.finish(
            row.id, lease, turn, answer=said.text, state=said.state, model=self._model.status().name, usage=said.usage
        )

    async def _open_turn(self, row: Row, lease: Lease, session: Session, *, retry: bool) -> Turn:
        if retry:
            turn = await self._store.turns.reopen(row.id, lease, session.id)
        else:
            asked = context.question(row.incoming)
            turn = await self._store.turns.open(row.id, lease, session.id, row.incoming.author.name, asked)
        if turn is None:
            raise Fenced
        return turn

    async def _converse(
        self, row: Row, session: Session, turn: Turn, said: Said, delivery: Delivery, stop: asyncio.Event
    ) -> None:
        """Read the model and show the answer side by side, until both are done or the user stops it."""
        typing = self._platforms.of(row.incoming.address).typing_every
        showing = asyncio.create_task(delivery.run(typing))
        reading = asyncio.create_task(self._read(row, session, turn, delivery, said))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({showing, reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                said.state = "stopped"
            await _end(reading)
            delivery.finish(said.complete())
            await showing
        except Deleted:
            said.state = "stopped"
        except (Refused, Gone) as error:  # it stays in history, where the user can still find it
            log.warning("the answer could not be shown", error=repr(error), lane=str(row.lane))
        finally:
            await _end(stopping, reading, showing)

    async def _read(self, row: Row, session: Session, turn: Turn, delivery: Delivery, said: Said) -> None:
        """Ask the model and feed the delivery; never waits for the platform. An error becomes the answer's note."""
        try:
            _bear(row)
            prompt = await self._prompt(row, session, turn)
            async with aclosing(self._model.stream(prompt)) as stream:
                async for delta in stream:
                    said.text += delta.text
                    said.usage = delta.usage or said.usage
                    delivery.feed(delta.text)
            if not said.text.strip():
                raise ModelError("the model said nothing")
        except Exception as error:
            said.state, said.note = "failed", explain(error, row)

    async def _prompt(self, row: Row, session: Session, turn: Turn) -> list[BaseMessage]:
        before = await self._store.turns.recent(session.id, self._window.rounds)
        today = datetime.fromtimestamp(self._now(), UTC).astimezone().date()
        most = self._model.context_tokens
        return context.prompt(row.incoming, session, turn, before, window=self._window, most=most, today=today)

    async def _deliver(self, row: Row, lease: Lease, streaming: bool) -> Delivery:
        """The delivery of this row, on the messages that an earlier try has left on screen."""
        known = await self._store.deliveries.open(row.id, lease, row.incoming.address)
        if known is None:
            raise Fenced
        return Delivery(
            self._platforms.open(known.address),
            self._budgets,
            Journal(self._store, row.id, lease, self._now),
            reopen=self._platforms.open,
            # Unique for the bot, not only for this database: one that was begun anew counts from 1 again.
            nonce=f"{int(row.received * 1000) % 16**8:08x}{row.id:x}",
            streaming=streaming,
            posted=known.pages,
            before=known.text,
            most=self._most,
        )


class Journal:
    """Writes a delivery down under the turn's lease. Raises Fenced when that has been taken over."""

    def __init__(self, store: Store, row: int, lease: Lease, now: Callable[[], float]) -> None:
        self._store = store
        self._row = row
        self._lease = lease
        self._now = now

    async def posted(self, page: int, id: str) -> None:
        if not await self._store.deliveries.posted(self._row, self._lease, page, id):
            raise Fenced

    async def progress(self, text: str, calls: list[float]) -> None:
        now = self._now()
        if not await self._store.deliveries.progress(self._row, self._lease, text, [now - ago for ago in calls]):
            raise Fenced


def explain(error: Exception, row: Row) -> str:
    """What the user reads of an error; the log has the rest under the same id."""
    sentence = shown(error, f"{row.id:x}")
    if isinstance(error, ModelError):
        log.warning("the model failed", error=repr(error), lane=str(row.lane))
    elif str(error) != sentence:
        log.error("something went wrong", lane=str(row.lane), exc_info=error)
    return sentence


def _bear(row: Row) -> None:
    """Refuse a row that failed, or took the process down, again and again: the lane must go on."""
    if row.tries > TRIES:
        raise ChinwagError(f"given up after {row.tries - 1} tries")


def _cannot(incoming: Incoming) -> str:
    """For what is not understood yet: a sentence, not silence."""
    if not incoming.attachments:
        return "That message is empty. Write me something, and I answer."
    kind = incoming.attachments[0].kind
    return f"I cannot read a {kind} yet, only text. Tell me in words what it is about, and I will help."


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
