"""The loopback Discord as one object: starts the sockets, holds the world, and gives a test its controls."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import discord
import yarl
from aiohttp import web

from tests.patience import PATIENCE
from tests.platforms.closing import close
from tests.platforms.discord.clock import Times
from tests.platforms.discord.commands import Registry
from tests.platforms.discord.content import Rules
from tests.platforms.discord.gateway import GUILDS, INVALID, MESSAGE_CONTENT, RECONNECT, Gateway
from tests.platforms.discord.interactions import Interactions
from tests.platforms.discord.limits import Limiter, Limits
from tests.platforms.discord.message import File, Message
from tests.platforms.discord.people import Guild, User
from tests.platforms.discord.places import DM, THREAD, Channel
from tests.platforms.discord.record import Call, Changes, Fault
from tests.platforms.discord.rest import PREFIX, Rest
from tests.platforms.discord.routes import Route

T = TypeVar("T")


class DiscordServer:
    """One Discord with one bot account, on 127.0.0.1. Use it with `async with`.

    clock: monotonic seconds; a `tests.clock` moves limits, the 3 s and the 15 minutes, not real delays.
    privileged: the intents that the bot's owner switched on (MESSAGE_CONTENT...); others close with 4014.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits | None = None,
        rules: Rules | None = None,
        privileged: int = 0,
        bot_name: str = "chinwag",
        heartbeat_interval: float = 41.25,
    ) -> None:
        self.clock = clock
        self.times = Times(clock)
        self.rules = rules or Rules()
        self.privileged = privileged
        self.limiter = Limiter(limits or Limits(), clock, self.times)
        self.changes = Changes()
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.files: dict[int, File] = {}
        self.nonces: dict[str, Message] = {}
        self.registries: dict[int, Registry] = {}
        self.bot = self.user(bot_name, bot=True)
        self.owner = self.user("owner")
        self.token = base64.b64encode(str(self.bot.id).encode()).decode().rstrip("=") + ".loopback." + "x" * 27
        self.gateway = Gateway(self, heartbeat_interval)
        self.rest = Rest(self)
        self.interactions = Interactions(self)
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 << 20)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get("/resume/", self.gateway.handle)
        app.router.add_get("/attachments/{id}/{name}", self._download)
        app.router.add_route("*", PREFIX + "/{tail:.*}", self.rest.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in list(self.gateway.connections):
            connection.cut()
        await close(self._runner)

    async def _download(self, request: web.Request) -> web.Response:
        file = self.files.get(int(request.match_info["id"]))
        return web.Response(status=404) if file is None else web.Response(body=file.content)

    # addresses

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway/"

    @property
    def resume_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/resume/"

    @contextmanager
    def redirect(self) -> Iterator[None]:
        """Point discord.py of this process here, and back again."""
        before = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
        discord.http.Route.BASE = self.api_url
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self.gateway_url)
        try:
            yield
        finally:
            discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = before

    @property
    def flags(self) -> int:
        """The application's flags: the content intent of a small bot is 1 << 19."""
        return (1 << 19 if self.gets_content else 0) | (1 << 15 if self.privileged & 2 else 0)

    @property
    def gets_content(self) -> bool:
        return bool(self.privileged & MESSAGE_CONTENT)

    # the world

    def user(self, name: str, *, locale: str = "en-US", bot: bool = False) -> User:
        user = User(self.times.snowflake(), name, bot, locale)
        self.users[user.id] = user
        return user

    def guild(self, name: str, members: Sequence[User] = (), admins: Sequence[User] = ()) -> Guild:
        """A server that the bot is in. admins are members too."""
        everybody = [*members, *(user for user in admins if user not in members)]
        guild = Guild(self, self.times.snowflake(), name, everybody, list(admins), self.times.snowflake())
        self.guilds[guild.id] = guild
        self.gateway.dispatch("GUILD_CREATE", guild.created_json(), guild=guild, intent=GUILDS)
        return guild

    def dm(self, user: User) -> Channel:
        """The DM of a user with the bot, always the same one."""
        for channel in self.channels.values():
            if channel.kind == DM and channel.people == [user, self.bot]:
                return channel
        return self._keep(Channel(self, self.times.snowflake(), f"dm of {user.name}", DM, people=[user, self.bot]))

    def add_channel(self, guild: Guild, name: str) -> Channel:
        channel = self._keep(Channel(self, self.times.snowflake(), name, guild=guild))
        guild.channels.append(channel)
        self.gateway.dispatch("CHANNEL_CREATE", channel.as_json(), guild=guild, intent=GUILDS)
        return channel

    def add_thread(self, parent: Channel, name: str, owner: User, on: Message | None) -> Channel:
        """A thread on a message has the message's id (Discord docs, Threads)."""
        id = on.id if on is not None else self.times.snowflake()
        thread = self._keep(Channel(self, id, name, THREAD, parent.guild, parent, owner))
        assert parent.guild is not None
        parent.guild.channels.append(thread)
        if on is not None:
            on.thread = thread
        data = thread.as_json() | {"newly_created": True}
        self.gateway.dispatch("THREAD_CREATE", data, guild=parent.guild, intent=GUILDS)
        return thread

    def _keep(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        return channel

    def registry(self, guild: int = 0) -> Registry:
        """The registered commands of a guild, or the global ones."""
        new = Registry(self.bot.id, guild, self.clock, self.times.snowflake)
        return self.registries.setdefault(guild, new)

    def store_file(self, channel: Channel | None, name: str, content: bytes) -> File:
        file = File(self.times.snowflake(), name, content)
        file.url = f"http://127.0.0.1:{self.port}/attachments/{file.id}/{name}"
        self.files[file.id] = file
        return file

    # faults

    def fault(self, route: Route, **what: Any) -> Fault:
        """Let something happen to the next call of a route, or the nth; see `Fault`."""
        fault = Fault(route, **what)
        self.rest.faults.append(fault)
        return fault

    async def drop(self, code: int = 0) -> None:
        """End every gateway connection: cut when code is 0, else closed with it. Sessions can be resumed."""
        gone = list(self.gateway.connections)
        for connection in gone:
            connection.close(code) if code else connection.cut()
        await self.until(lambda: not self.gateway.connections.intersection(gone))

    def refuse_gateway(self, times: int = 1) -> None:
        """Answer the next connections to the gateway with 503."""
        self.gateway.refusals = times

    def reconnect(self) -> None:
        """Op 7: ask the clients to reconnect and resume."""
        for connection in self.gateway.connections:
            connection.put(RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9: end the sessions, or ask to resume them."""
        for connection in self.gateway.connections:
            connection.put(INVALID, resumable)
            if connection.session is not None and not resumable:
                self.gateway.invalidate(connection.session)

    def expire_sessions(self) -> None:
        """No session can be resumed any more; connections stay."""
        for session in self.gateway.sessions.values():
            self.gateway.invalidate(session)

    # the record

    @property
    def calls(self) -> list[Call]:
        return self.rest.calls

    def calls_to(self, *routes: Route) -> list[Call]:
        return [call for call in self.calls if call.route in routes]

    @property
    def too_many(self) -> int:
        """How many calls were answered 429."""
        return sum(call.status == 429 for call in self.calls)

    @property
    def pings(self) -> list[str]:
        """Everybody whom the bot notified, message by message."""
        return [name for c in self.channels.values() for m in c.log if m.by_bot for name in m.pings]

    async def ready(self, timeout: float = PATIENCE) -> None:
        """Wait until a bot is connected and told its guilds."""
        await self.until(lambda: self.gateway.ready, timeout)

    async def until(self, predicate: Callable[[], T], timeout: float = PATIENCE) -> T:
        """The first true value of `predicate()`; AssertionError with the calls after `timeout` seconds."""
        return await self.changes.until(predicate, timeout, self.transcript)

    def transcript(self) -> str:
        """Every REST call, a line each."""
        return "\n".join(str(call) for call in self.calls) or "(no call)"
