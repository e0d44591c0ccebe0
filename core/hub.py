"""The core as platforms see it: takes every message, acts at once on what must not wait, and has the rest drained."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from core.access import Access
from core.chat import Chat
from core.commands.at_once import AtOnce
from core.commands.edits import Edits
from core.commands.handlers import Handlers
from core.commands.presses import STRANGER, Presses
from core.commands.table import parse
from core.commands.tuning import Tuning
from core.context import Window
from core.dispatch.door import Door
from core.dispatch.drain import drain
from core.dispatch.engine import CUTTING, Engine
from core.dispatch.turnstile import Turnstile
from core.errors import PlatformError
from core.live.budget import Budgets
from core.live.delivery import Deleted, Delivery
from core.live.journal import Unwritten
from core.model import Model, choices
from core.observe.alerts import Alerts
from core.observe.log import get_logger
from core.parameters import Bounds
from core.quota import Quota
from core.quota.alerting import Alert
from core.quota.unasked import Unasked
from core.safety import Flagged, Valves
from core.settings import Settings
from core.store import CALLS_KEPT, Store
from core.summary import Summaries
from core.surface import Choice, Platform, Platforms, Pressed
from core.types import Address, Incoming, Lane, Press, SessionKey, clean

log = get_logger(__name__)

CLOCKS_DIFFER = 120.0  # seconds that a platform's clock and ours may differ by
PLACES = 200  # of one bot, which are read back after a time without a connection


class Hub:
    """Implements `core.surface.Core` over one store and one model. alert: writes to the admins (a name, a text).

    alerts: told of files that cannot be used. flagged: the moderation endpoint.
    """

    def __init__(
        self,
        store: Store,
        model: Model,
        settings: Settings,
        *,
        alert: Alert | None = None,
        alerts: Alerts | None = None,
        flagged: Flagged | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._platforms = Platforms()
        self._budgets = Budgets(lambda: asyncio.get_running_loop().time())
        self.access = Access(store.access, open=settings.access == "open", admins=settings.admins, now=now)
        self._engine = Engine(self._drain)
        self._order = Turnstile()
        self._quota = Quota(store.usage, model, settings, alert=alert or _log_alert, alerts=alerts, now=now)
        valves = Valves(settings, flagged, alerts)
        bounds = Bounds(settings.max_answer, thoughts=settings.reasoning == "quote")
        tuning = Tuning(store, bounds, models=lambda: choices(model), price=self._quota.prices.told)
        self._handlers = Handlers(
            store,
            self.access,
            self._quota,
            valves,
            tuning,
            is_group_admin=self._is_group_admin,
            stop=self._engine.stop,
            stop_answer=self._stop_answer,
            stop_session=self._engine.stop_session,
        )
        self._at_once = AtOnce(self._handlers)
        asks_admin = self._is_group_admin
        self._presses = Presses(store, self.access, is_group_admin=asks_admin, stop=self._stop_answer, now=now)
        self._edits = Edits(store, supersede=self._supersede, now=now)
        window = Window(settings.context_rounds, settings.context_tokens)
        self._summaries = Summaries(store, Unasked(model, self._quota, "summaries"), window)
        self._chat = Chat(
            store,
            model,
            self._platforms,
            self._at_once,
            self._quota,
            valves,
            tuning=tuning,
            window=window,
            most=settings.answer_messages,
            budgets=self._budgets,
            answered=self._summaries.tend if settings.summaries else lambda session: None,
            now=now,
        )
        access = self.access
        self._door = Door(access.allows, self._chat.handle, self._chat.drop, self._engine.stop, access.outside)
        access.left.append(self._door.let_out)
        self._saying: set[asyncio.Task[None]] = set()

    def add(self, platform: Platform) -> None:
        """Know a platform by its name and bot, before its first event can come."""
        self._platforms.add(platform)

    async def resume(self, platform: Platform) -> None:
        """A platform runs: answer what was left unfinished there."""
        self._platforms.add(platform)  # a bot may know its id for certain only now
        await self._remember_calls(platform)
        for lane in await self._store.inbox.waiting():
            if (lane.key.platform, lane.key.bot) == (platform.name, platform.bot):
                self._engine.wake(lane)

    async def _remember_calls(self, platform: Platform) -> None:
        """The platform counts what an earlier process sent, too."""
        now = self._now()
        for address, at in await self._store.deliveries.recent_calls(now - CALLS_KEPT):
            if (address.platform, address.bot) == (platform.name, platform.bot):
                self._budgets.of(platform.open(address).limits).spend(ago=max(now - at, 0.0))

    async def watch(self) -> None:
        """Look at who another process lets out (`python -m bots revoke`). Runs until cancelled."""
        await self._door.watch()

    async def close(self, grace: float) -> None:
        """Take no new work; all that is being written ends within `grace` seconds, or goes on at the next start.

        Two more seconds at most, when there is something to tell the admins.
        """
        cutting = min(CUTTING, grace / 2)
        await self._engine.close(grace - cutting, cutting)
        await self._summaries.close()
        for task in self._saying:
            task.cancel()
        await asyncio.gather(*self._saying, return_exceptions=True)
        await self._quota.close()

    def _session_key(self, incoming: Incoming) -> SessionKey:
        per_user = self._settings.group_sessions == "per_user"
        return SessionKey.of(incoming.address, incoming.author, per_user=per_user)

    async def receive(self, incoming: Incoming) -> None:
        """See `core.surface.Core.receive`. Messages of one chat are taken one after the other, as they came."""
        incoming = clean(incoming)
        address = incoming.address
        if self._nobody_waits(incoming):
            log.warning("an old message is not answered (CATCH_UP_HOURS)", id=incoming.event, chat=address.chat)
            return
        async with self._order.enter((address.platform, address.bot, address.chat)):
            if await self.access.allows(incoming):
                await self._take(incoming)
            else:
                self._say(incoming, await self.access.refusal(incoming))

    def _nobody_waits(self, incoming: Incoming) -> bool:
        """Whether it was sent so long ago, while we were off, that an answer now would only surprise."""
        return 0 < incoming.sent < self._now() - max(self._settings.catch_up_hours * 3600, CLOCKS_DIFFER)

    async def _take(self, incoming: Incoming) -> None:
        """Commit a message and wake its lane; what a command does is done when this returns."""
        lane = self._lane(incoming)
        command, _ = parse(incoming.text) or (None, "")
        if (command and not command.asks_model) or not incoming.text.strip():
            beside = lane.beside
            row = await self._at_once.act(incoming, lane, lambda: self._store.inbox.accept(incoming, beside))
            lane = beside
        else:
            session = await self._store.sessions.current(lane.key)
            row = await self._store.inbox.accept(replace(incoming, session=session.id), lane)
        if row is not None:
            self._engine.wake(lane)

    async def edited(self, incoming: Incoming) -> None:
        """See `core.surface.Core.edited`. Whoever is not let in gets no word: they only changed a message."""
        incoming = clean(incoming)
        address, lane = incoming.address, self._lane(incoming)
        async with self._order.enter((address.platform, address.bot, address.chat)):
            if not await self.access.allows(incoming):
                return
            if await self._edits.is_new(incoming, lane):
                await self._take(incoming)
            elif woken := await self._edits.take(incoming, lane):
                self._engine.wake(woken)

    async def press(self, press: Press) -> Pressed:
        """See `core.surface.Core.press`. It waits for no message of the chat."""
        if not await self.access.allows(Incoming("", press.address, press.author)):
            return STRANGER
        pressed, lane = await self._presses.take(press)
        if lane is not None:
            self._engine.wake(lane)
        return pressed

    def _stop_answer(self, row: int, lane: Lane) -> bool:
        """Stop the answer to this row, and no other of its lane."""
        return self._chat.is_answering(row) and self._engine.stop(lane)

    def _supersede(self, row: int, lane: Lane) -> None:
        if self._chat.is_answering(row):
            self._chat.supersede(row)
            self._engine.stop(lane)

    async def moved(self, platform: str, bot: str, old: str, new: str) -> None:
        """See `core.surface.Core.moved`."""
        await self._store.access.move(f"{platform}:{old}", f"{platform}:{new}")
        await self._store.usage.move(f"{platform}:{old}", f"{platform}:{new}")
        await self._store.sessions.move(platform, bot, old, new)

    async def seen(self, platform: str, bot: str) -> Sequence[tuple[str, str]]:
        """See `core.surface.Core.seen`."""
        return await self._store.inbox.seen(platform, bot, PLACES)

    async def suggest(self, incoming: Incoming, argument: str) -> Sequence[Choice]:
        """See `core.surface.Core.suggest`."""
        if not await self.access.allows(incoming):
            return []
        return await self._handlers.suggest(
            self._session_key(incoming), argument, incoming.text, incoming.author.subject
        )

    def _lane(self, incoming: Incoming) -> Lane:
        by_session = self._settings.group_order == "session"
        return Lane.of(self._session_key(incoming), incoming.address, incoming.author, by_session=by_session)

    async def _drain(self, lane: Lane, stop: asyncio.Event) -> None:
        await drain(lane, stop, rows=self._store.inbox, leases=self._store.leases, handle=self._door.handle)

    async def _is_group_admin(self, address: Address, user: str) -> bool:
        return await self._platforms.of(address).is_admin(address, user)

    def _say(self, incoming: Incoming, text: str) -> None:
        """Tell somebody who is not let in. Nothing of it is stored."""
        if text and incoming.address in self._platforms:
            task = asyncio.create_task(self._say_once(incoming, text))
            self._saying.add(task)
            task.add_done_callback(self._saying.discard)

    async def _say_once(self, incoming: Incoming, text: str) -> None:
        delivery = Delivery(
            self._platforms.open(incoming.address),
            self._budgets,
            Unwritten(),
            reopen=self._platforms.open,
            nonce=incoming.event[-20:],
            question=incoming.address.reply_to,
        )
        delivery.finish(text)
        try:
            await delivery.run()
        except (PlatformError, Deleted) as error:
            log.warning("could not tell a stranger how to get in", error=repr(error))


async def _log_alert(trouble: str, text: str) -> bool:
    log.warning("alert", trouble=trouble, text=text)
    return True
