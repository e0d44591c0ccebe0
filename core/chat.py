"""One row of the inbox, from its question to the complete answer on screen and in history."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from langchain_core.messages import BaseMessage

from core import context
from core.commands import actions
from core.commands.at_once import AtOnce
from core.commands.opening import open_turn
from core.commands.table import parse
from core.commands.tuning import Tuning
from core.context import Window
from core.errors import ChinwagError, Gone, Refused, UserError
from core.live.budget import Budgets
from core.live.delivery import Deleted, Delivery
from core.live.journal import Fenced
from core.live.tasks import end, no_strays
from core.live.thoughts import Thoughts, unquoted
from core.model import Model
from core.model.continued import go_on
from core.observe import metrics
from core.observe.log import get_logger
from core.observe.trace import span
from core.observe.trouble import explain
from core.quota import Quota, words
from core.safety import Valves
from core.said import Said
from core.showing import Showing
from core.store import Lease, Row, Store
from core.surface import Platforms
from core.types import Delta, Session, Turn

log = get_logger(__name__)

PAUSED = "⏸ I am being restarted. The rest of this answer follows."
UNSHOWN = "This answer could not be shown where it was asked for."
TRIES = 3  # a row that failed or took the process down this often is answered with an apology


class Chat:
    """Answers inbox rows. most: the messages that one answer may have. answered: told the session of each answer."""

    def __init__(
        self,
        store: Store,
        model: Model,
        platforms: Platforms,
        at_once: AtOnce,
        quota: Quota,
        valves: Valves,
        *,
        tuning: Tuning,
        window: Window,
        most: int,
        budgets: Budgets,
        answered: Callable[[str], None] = lambda session: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._model = model
        self._platforms = platforms
        self._at_once = at_once
        self._quota = quota
        self._valves = valves
        self._tuning = tuning
        self._window = window
        self._showing = Showing(store, platforms, budgets, most=most, now=now)
        self._answered = answered
        self._now = now
        self._answering: set[int] = set()  # rows
        self._superseded: set[int] = set()

    async def handle(self, row: Row, lease: Lease, stop: asyncio.Event) -> bool:
        """Answer one row. False when a newer lease took over: then nothing more was written.

        Whatever the message or the model does, the user is told something and the row is finished.
        """
        self._answering.add(row.id)
        turn = f"{row.id:x}"
        with structlog.contextvars.bound_contextvars(turn=turn), span("turn", turn=turn, tries=row.tries):
            try:
                with no_strays():
                    return await self._handle(row, lease, stop)
            except Fenced:
                return False
            except (Refused, Gone) as error:
                log.warning("the answer could not be shown", error=repr(error), lane=str(row.lane))
                return await self._showing.give_up(row, lease)
            except Exception as error:
                if row.tries <= TRIES:
                    raise
                log.warning("given up on a message", lane=str(row.lane), tries=row.tries)
                return await self._showing.give_up(row, lease, explain(error, row.id, row.lane))
            finally:
                self._answering.discard(row.id)
                self._superseded.discard(row.id)

    async def drop(self, row: Row, lease: Lease) -> bool:
        """Finish a row without a word: whoever asked is not answered any more. False like `handle`."""
        return await self._showing.give_up(row, lease)

    def is_answering(self, row: int) -> bool:
        """Whether this row is being answered here, just now."""
        return row in self._answering

    def supersede(self, row: int) -> None:
        """Another answer takes the place of this row's, which is about to be stopped: it is left on screen as it is."""
        self._superseded.add(row)

    async def _handle(self, row: Row, lease: Lease, stop: asyncio.Event) -> bool:
        if row.lane.express:
            return await self._showing.notice(row, lease, await self._at_once.answer(row))
        return await self._answer(row, lease, stop)

    async def _answer(self, row: Row, lease: Lease, stop: asyncio.Event) -> bool:
        began, sessions = self._now(), self._store.sessions
        asked_in = row.incoming.session
        session = await (sessions.get(asked_in) if asked_in else sessions.current(row.lane.key))
        if session is None:  # it was deleted, and nobody waits for this answer
            return await self._showing.give_up(row, lease)
        try:
            if not parse(row.incoming.text):
                await self._valves.question(row.incoming.text)
            turn = await open_turn(self._store.turns, row, lease, session.id)
        except UserError as error:
            if row.incoming.of:  # its answer is there still: a notice would take the place of that
                log.info("there is nothing to answer anew", error=str(error), lane=str(row.lane))
                return await self._store.inbox.done(row.id, lease)
            return await self._showing.notice(row, lease, str(error))
        if turn is None:
            raise Fenced
        delivery, before = await self._showing.deliver(row, lease, session.streaming, actions.live(row.id), turn.answer)
        thoughts, before = unquoted(before)
        anew = row.incoming.act in {"retry", "continue"} or bool(parse(row.incoming.text))
        ask = self._quota.ask(row, lease, before, anew=anew)
        role = context.role_of(session, turn.role or row.incoming.role)
        ask.asking.parameters, note = await self._tuning.parameters(session, role)
        shown = Thoughts(delivery, shown=self._tuning.bounds.thoughts, text=thoughts or turn.thoughts)
        said = Said(ask, shown, note=note)
        await self._converse(row, session, turn, said, delivery, before, stop)
        written = await self._store.turns.finish(
            row.id,
            lease,
            turn,
            answer=said.text,
            note=said.note,
            state=said.state,
            finish=said.finish,
            thoughts=said.thoughts.text,
            model=said.model or self._model.status().name,
            usage=said.usage,
            bill=self._quota.bill(said.ask),
        )
        await self._quota.paid(said.ask.payer)
        self._answered(session.id)
        now, waited = self._now(), began - row.received
        metrics.answered(said.state, seconds=now - began, waited=waited, rounds=turn.seq, age=now - session.created)
        return written

    async def _converse(
        self, row: Row, session: Session, turn: Turn, said: Said, delivery: Delivery, before: str, stop: asyncio.Event
    ) -> None:
        """Read the model and show the answer side by side, until both are done or the user stops it.

        before: what an earlier process had said already; it is kept when this one cannot say more.
        """
        showing = asyncio.create_task(delivery.run(self._platforms.of(row.incoming.address).typing_every))
        reading = asyncio.create_task(self._read(row, session, turn, delivery, said, before))
        keeping: asyncio.Task[bool] | None = None
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({showing, reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                said.state = "stopped"
            else:
                reading.result()
            await end(reading)
            if said.state != "done":
                await self._fall_back(row, said, before)
            keeping = asyncio.create_task(self._store.turns.told(said.ask.lease, said.ended(turn), said.why))
            if row.id in self._superseded:
                delivery.leave()
            else:
                delivery.finish(said.complete(), actions.under(said.ended(turn)))
            await asyncio.wait({showing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not showing.done():
                delivery.cut()
            await showing
        except asyncio.CancelledError:
            await end(stopping, reading, showing)
            await delivery.pause(PAUSED)
            raise
        except Deleted:
            said.state = "stopped"
        except (Refused, Gone) as error:  # it stays in history, where the user can still find it
            log.warning("the answer could not be shown", error=repr(error), lane=str(row.lane))
            said.note = said.note or UNSHOWN
        finally:
            await end(stopping, reading, showing)
            await asyncio.gather(*filter(None, [keeping]), return_exceptions=True)  # `finish` writes it all again

    async def _fall_back(self, row: Row, said: Said, before: str) -> None:
        """Keep what an earlier process had said when this one says less, and an answer when none is had anew."""
        longer = len(before) > len(said.text)
        if longer and row.tries <= TRIES and self._valves.answer(before):  # else it is perhaps what cannot be shown
            said.text = before
        old = await self._showing.old(row)
        if old and not said.text.strip():
            said.text, said.finish = old.answer, old.finish
            said.state = old.state if said.state == "stopped" else said.state

    async def _read(self, row: Row, session: Session, turn: Turn, delivery: Delivery, said: Said, before: str) -> None:
        """Ask the model and feed the delivery; never waits for the platform. An error becomes the answer's note."""
        try:
            with no_strays():
                if row.tries > TRIES:  # it failed, or took the process down, again and again: the lane must go on
                    raise ChinwagError(f"given up after {row.tries - 1} tries")
                if said.remember(turn):
                    return said.thoughts.feed(Delta(said.text))
                prompt = await self._prompt(row, session, turn)
                await self._quota.admit(said.ask, prompt, place=lambda place: delivery.meanwhile(words.place(place)))
                said.text = before
                said.thoughts.feed(Delta(before))
                asked = go_on if turn.answer else _from_where_it_ended  # a press of "continue"; a restart
                async with aclosing(asked(self._model, prompt, before)) as stream:
                    async for delta in stream:
                        said.take(delta)
                said.check(self._valves)
        except Fenced:
            raise
        except Exception as error:
            said.state, said.note = "failed", explain(error, row.id, row.lane)

    async def _prompt(self, row: Row, session: Session, turn: Turn) -> list[BaseMessage]:
        before = await self._store.turns.recent(session.id, 2 * self._window.rounds, since=session.first)
        if gone := context.surplus(before, self._window):
            before = before[gone:]
            await self._store.sessions.skip(session.id, before[0].seq)
        today = datetime.fromtimestamp(self._now(), UTC).astimezone().date()
        most = self._model.context_tokens
        asked = replace(row.incoming, role=turn.role or row.incoming.role)
        return context.prompt(asked, session, turn, before, window=self._window, most=most, today=today)


def _from_where_it_ended(model: Model, prompt: list[BaseMessage], said: str) -> AsyncGenerator[Delta]:
    return model.stream(prompt, said)
