"""`run`: starts everything that is configured, says what it started and where, and stops it in order."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from bots.alarm import Alarm
from core.context import shorter
from core.errors import SetupError
from core.hub import Hub
from core.model import Model, build_model, build_moderation, own_keys
from core.observe import trace
from core.observe.alerts import Alerts
from core.observe.log import configure, get_logger
from core.settings import Settings
from core.store import Store
from core.store.lock import Lock, only_process
from core.store.prune import Pruner
from core.surface import Platform
from core.types import Address

if TYPE_CHECKING:
    from bots.web.hooks import Hook

log = get_logger(__name__)

ENDED_AT_ONCE = 130  # the exit code of what Ctrl-C ended


class Bot(Platform, Protocol):
    """A platform that can be started and stopped. title: what a person calls it, "@my_bot"."""

    title: str

    async def start(self) -> None: ...

    async def private(self, user: str) -> Address | None:
        """Where to write to this user unasked. None where there is no such place. Raises PlatformError."""
        ...

    async def quiet(self) -> None:
        """Take nothing new; what was received is with the core when this returns. Answers can still be shown."""
        ...

    async def stop(self) -> None:
        """Let go of everything, whether `quiet` came before or not."""
        ...


class House:
    """Everything that runs in one process. `say` gets the lines that tell a person what was started and where.

    lost: told why when this process must stop because another has taken its database over.
    """

    def __init__(
        self, settings: Settings, say: Callable[[str], None], lost: Callable[[str], None] = lambda why: None
    ) -> None:
        self._settings = settings
        self._say = say
        self._lost = lost
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._hub: Hub | None = None
        self._alarm: Alarm | None = None
        self.bots: list[Bot] = []

    async def start(self) -> None:
        """Start what is configured. Raises SetupError when nothing could be started; call `close` in any case."""
        lock = await only_process(self._settings.database, self._say)
        self._closing.append(lock.release)
        self._in_background(self._watch(lock))
        store = await Store.open(self._settings.database)
        self._closing.append(store.close)
        self._in_background(Pruner(store.db, time.time).serve())
        alarm = self._alarm = Alarm(self._settings.admins, self.bots)
        store.health.told.append(alarm)
        self._closing.append(alarm.close)
        alerts = Alerts()
        keys = own_keys(self._settings, alerts)
        model = build_model(self._settings, alerts=alerts, shrink=shorter, keys=keys)
        if moderation := build_moderation(self._settings, keys):
            self._closing.append(moderation.close)
        hub = self._hub = Hub(store, model, self._settings, alert=alarm.tell, alerts=alerts, flagged=moderation)
        self._in_background(hub.watch())
        makers = _makers(self._settings, hub, store, model)
        if not makers:
            raise SetupError(
                "Nothing to start: set TELEGRAM_BOT_TOKEN or DISCORD_BOT_TOKEN, or leave WEB_ENABLED=true."
            )
        await model.start()
        self._closing.append(model.close)
        failures = [failure for name, make in makers.items() if (failure := await self._start_bot(name, make, hub))]
        if not self.bots:
            raise SetupError("\n".join(map(str, failures)))
        alerts.listen(lambda text: alarm.tell("model", f"🔧 {text}"))  # now that there are bots to tell it with
        status = model.status()
        self._say(f"  {'model':<9} {status.name}{': ' + status.note if status.note else ''}")

    async def close(self, grace: float | None = None) -> None:
        """Stop everything: answers being written get `grace` seconds (STOP_GRACE), and then all ends in reverse.

        What is unfinished goes on at the next start.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + (self._settings.stop_grace if grace is None else grace)
        await asyncio.gather(*(self._quiet(bot) for bot in self.bots))
        if self._hub is not None:
            await self._hub.close(max(end - loop.time(), 0.0))
        if self._alarm is not None:
            await self._alarm.finish()
        while self._closing:
            try:
                await self._closing.pop()()
            except Exception:
                log.exception("something did not stop cleanly")

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        """Have it run for as long as the house does."""
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._closing.append(end)

    async def _watch(self, lock: Lock) -> None:
        self._lost(await lock.lost())

    async def _quiet(self, bot: Bot) -> None:
        try:
            await bot.quiet()
        except Exception:
            log.exception("a platform did not fall silent cleanly", platform=bot.name)

    async def _start_bot(self, name: str, make: Callable[[], Bot], hub: Hub) -> str:
        """Start one platform; one that fails does not stop the others. Returns why it failed, "" when it runs."""
        try:
            bot = make()
            hub.add(bot)
            await bot.start()
        except Exception as error:
            if not isinstance(error, SetupError):
                log.exception("a platform did not start", platform=name)
            self._say(f"  {name:<9} not started: {error}")
            return f"{name}: {error}"
        self._closing.append(bot.stop)
        self.bots.append(bot)
        await hub.resume(bot)
        self._say(f"  {bot.name:<9} {bot.title}")
        return ""


# At once, also into a file or a service's log: who waits for the link would wait for ever.
_print = partial(print, flush=True)


async def serve(settings: Settings, say: Callable[[str], None] = _print) -> None:
    """Run until SIGINT or SIGTERM. Raises SetupError when nothing could be started, or another has taken over."""
    held = (
        settings.telegram_bot_token,
        settings.telegram_webhook_secret,
        settings.discord_bot_token,
        settings.redis_url,
    )
    keys = [key.strip() for key in settings.openai_api_key.get_secret_value().split(",")]
    configure(settings.log_level, settings.log_format, secrets=[*(one.get_secret_value() for one in held), *keys])
    send_traces = trace.configure()
    stop = asyncio.Event()
    _on_signals(lambda: _end(stop, say))
    lost: list[str] = []

    def lose(why: str) -> None:
        lost.append(why)
        stop.set()

    house = House(settings, say, lose)
    try:
        say("Chinwag is starting.")
        starting, stopping = asyncio.create_task(house.start()), asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting  # raises why nothing could be started
            say("Chinwag is running; Ctrl-C stops it.")
        await stopping
        say(f"Stopping; what is being written gets up to {settings.stop_grace:g} s. Once more ends at once.")
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    finally:
        await house.close()
        await asyncio.to_thread(send_traces)
    if lost:
        raise SetupError(lost[0])


def _end(stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """The first signal stops in order; the second does not wait: all that was taken is committed, nothing is lost."""
    if stop.is_set():
        say("Ended at once; what was unfinished goes on at the next start.")
        os._exit(ENDED_AT_ONCE)
    stop.set()


def _on_signals(act: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):  # SIGBREAK: what Windows has in the place of SIGTERM
        if (number := getattr(signal, name, None)) is None:
            continue
        try:
            loop.add_signal_handler(number, act)
        except NotImplementedError:  # the event loop of Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))


def _makers(settings: Settings, hub: Hub, store: Store, model: Model) -> dict[str, Callable[[], Bot]]:
    """How each platform that is configured is made. A library is only imported when it is needed."""

    hooks: dict[str, Hook] = {}

    def web() -> Bot:
        from bots.web import WebBot

        return WebBot(
            hub,
            store,
            model.status,
            hub.access,
            host=settings.web_host,
            port=settings.web_port,
            page=settings.web_enabled,
            numbers=settings.metrics_enabled,
            hooks=hooks,
        )

    def telegram() -> Bot:
        from bots.telegram import TelegramBot

        bot = TelegramBot(
            settings.telegram_bot_token.get_secret_value(),
            hub,
            api_url=settings.telegram_api_url,
            webhook=settings.telegram_webhook_url,
            secret=settings.telegram_webhook_secret.get_secret_value(),
        )
        if settings.telegram_webhook_url:
            hooks[urlsplit(settings.telegram_webhook_url).path] = bot.post
        return bot

    def discord() -> Bot:
        from bots.discord import DiscordBot

        return DiscordBot(
            settings.discord_bot_token.get_secret_value(),
            hub,
            store.values,
            api_url=settings.discord_api_url,
            gateway_url=settings.discord_gateway_url,
            back_seconds=settings.catch_up_hours * 3600,
            back_messages=settings.catch_up_messages,
        )

    wanted = {
        "web": (web, settings.web_enabled or settings.metrics_enabled or settings.telegram_webhook_url),
        "telegram": (telegram, settings.telegram_bot_token.get_secret_value()),
        "discord": (discord, settings.discord_bot_token.get_secret_value()),
    }
    return {name: make for name, (make, on) in wanted.items() if on}
