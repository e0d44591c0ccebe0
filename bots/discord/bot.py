"""One Discord bot: logs in, stays connected, registers its commands, opens surfaces. `bots.__main__` starts it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable

import discord

from bots.discord import slash
from bots.discord.catchup import CatchUp
from bots.discord.client import Client, point_to
from bots.discord.gateway import STEADY, Link, Pauses
from bots.discord.incoming import NAME
from bots.discord.missed import Values
from bots.discord.render import render
from bots.discord.rest import Rest, id_in
from bots.discord.surface import ChannelSurface, InteractionSurface
from core.errors import Gone, PlatformError, Refused, SetupError, shown
from core.observe.log import get_logger
from core.surface import Core, Out, Surface
from core.types import Address, Incoming

log = get_logger(__name__)

WRONG_TOKEN = (
    "DISCORD_BOT_TOKEN: Discord does not accept this token. Get one at "
    "https://discord.com/developers/applications (your application, Bot, Reset Token)"
)
NO_CONTENT = (
    "Discord does not let this bot read messages that neither mention it nor are sent to it directly. That is enough "
    "to be mentioned, to chat in private and for slash commands. For replies without a mention too, switch on "
    "Message Content Intent at https://discord.com/developers/applications (your application, Bot)"
)
# https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
BAD_TOKEN, INTENT_REFUSED = 4004, 4014
HANG_UP_WITHIN, SETTLE_WITHIN = 2.0, 2.0
NEEDED = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, read_message_history=True
)


class DiscordBot:
    """One bot account.

    clock: unix seconds. random: from 0 to 1. sleep: for the pauses between tries to connect.
    note_every: seconds between two notes of how far the event stream was read. back_seconds, back_messages: how old,
    and how many in a channel, the messages may be that are read back after a time without a connection.
    """

    name = NAME
    typing_every = 8.0  # Discord shows it for about ten seconds

    def __init__(
        self,
        token: str,
        core: Core,
        values: Values,
        *,
        api_url: str = "https://discord.com/api/v10",
        gateway_url: str = "wss://gateway.discord.gg/",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = random.random,
        note_every: float = 5.0,
        back_seconds: float = 86400.0,
        back_messages: int = 20,
    ) -> None:
        self._token = token.strip()
        self._core = core
        self._values = values
        self._urls = (api_url, gateway_url)
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._note_every = note_every
        back = (back_seconds, back_messages)
        self._catch_up = CatchUp(core, values, self, back=back, clock=clock, sleep=sleep)
        self._acks: dict[str, asyncio.Event] = {}
        self._content = True
        self._rest = Rest()
        self._client: Client | None = None
        self._link: Link | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.bot = id_in(self._token)
        self.title = "not reached yet, trying on"

    async def start(self) -> None:
        """Log in and go on in the background. A wrong token is a SetupError; an unreachable Discord is tried again."""
        point_to(*self._urls)
        try:
            await self._log_in()
        except SetupError:
            raise
        except Exception as error:
            log.warning("Discord cannot be reached, trying on", error=_said(error))
        catch_up = self._catch_up
        jobs = (self._keep_connected(), self._register(), catch_up.run(), catch_up.note(self._note_every))
        self._tasks = [asyncio.create_task(job) for job in jobs]

    async def quiet(self) -> None:
        """Take no more events: hang up. Messages can still be posted and edited."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._hang_up()

    async def stop(self) -> None:
        """Take no more events and log out. Messages can no longer be edited afterwards."""
        await self.quiet()
        await self._log_out()

    def open(self, address: Address) -> Surface:
        if address.token:
            return InteractionSurface(self._rest, address, self._application, self._clock, self._acks)
        return ChannelSurface(self._rest, address)

    async def is_admin(self, address: Address, user: str) -> bool:
        """Whether the user owns the server or may manage it. Raises a PlatformError when Discord cannot be asked."""
        if address.private or not address.space:
            return False
        try:
            guild = await self._rest.call("GET", "/guilds/{guild_id}", guild_id=address.space)
            path = "/guilds/{guild_id}/members/{user_id}"
            member = await self._rest.call("GET", path, guild_id=address.space, user_id=user)
        except (Gone, Refused):  # the bot or the user is not in it
            return False
        roles = {*member["roles"], guild["id"]}  # the role that everybody has is named after the server
        allowed = [discord.Permissions(int(role["permissions"])) for role in guild["roles"] if role["id"] in roles]
        return bool(guild["owner_id"] == user or any(may.manage_guild or may.administrator for may in allowed))

    async def private(self, user: str) -> Address:
        """Opens the direct messages with a user. Discord refuses when they share no server with the bot."""
        channel = await self._rest.call("POST", "/users/@me/channels", {"recipient_id": user})
        return Address(NAME, self.bot, str(channel["id"]))

    @property
    def connected(self) -> tuple[Client, Link] | None:
        """For `CatchUp`: what is logged in now."""
        return (self._client, self._link) if self._client and self._link else None

    @property
    def _application(self) -> str:
        return str((self._client and self._client.application_id) or self.bot)

    async def _log_in(self) -> None:
        """Raises SetupError for a wrong token, whatever discord.py or aiohttp raises otherwise."""
        client = Client(
            self._core,
            content=self._content,
            clock=self._clock,
            failed=self._apologise,
            begun=self._catch_up.begin,
            acks=self._acks,
        )
        try:
            await client.login(self._token)
        except BaseException as error:
            await client.close()
            if isinstance(error, discord.LoginFailure | ValueError):  # ValueError: not even fit for a header
                raise SetupError(WRONG_TOKEN) from None
            raise
        self._client, self._link, self._rest.http = client, Link(client), client.http
        if client.user:
            self.bot, self.title = str(client.user.id), client.user.name
        invite = discord.utils.oauth_url(self._application, permissions=NEEDED)
        log.info("logged in to Discord", name=self.title, invite=invite)

    async def _log_out(self) -> None:
        client, self._client, self._link, self._rest.http = self._client, None, None, None
        if client is not None:
            await self._hang_up(client)
            await client.close()

    async def _hang_up(self, client: Client | None = None) -> None:
        client = client or self._client
        if client and client.ws and client.ws.open:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HANG_UP_WITHIN):
                    await client.ws.close(code=4000)  # 1000 would end the session; this one can be replayed
        if client:
            await client.settle(SETTLE_WITHIN)

    async def _keep_connected(self) -> None:
        pauses = Pauses(self._random)
        while True:
            began = time.monotonic()
            ended = await self._connected()
            if time.monotonic() - began > STEADY:
                pauses.reset()
            await self._sleep(await self._after(ended, pauses))

    async def _connected(self) -> Exception | None:
        """Log in if need be, and hold one connection to its end. None: it can be taken up again at once."""
        try:
            if self._client is None:
                await self._log_in()
            if self._link:
                await self._link.hold()
        except Exception as error:
            return error
        return None

    async def _after(self, ended: Exception | None, pauses: Pauses) -> float:
        """Say why the connection ended and do what helps. Returns the seconds to wait before the next one."""
        if ended is None:
            return pauses.next(at_once=True)
        code = ended.code if isinstance(ended, discord.ConnectionClosed) else 0
        if code == INTENT_REFUSED and self._content:
            log.warning(NO_CONTENT)
            self._content = False
            await self._log_out()
            return 0.0
        if code == BAD_TOKEN or isinstance(ended, SetupError):
            log.error(WRONG_TOKEN)
            await self._log_out()
        else:
            log.warning("the connection to Discord is lost, trying on", error=_said(ended))
        return pauses.next()

    async def _register(self) -> None:
        """Tell Discord our commands, if they are not the ones that it was told last."""
        pauses = Pauses(self._random)
        while True:
            try:
                return await self._register_once()
            except Exception as error:  # also what discord.py raises when its client is closed for another log-in
                log.info("the commands are not registered with Discord yet", error=_said(error))
            await self._sleep(pauses.next())

    async def _register_once(self) -> None:
        commands = slash.payload()
        digest = slash.digest(commands)
        name = f"discord:commands:{self._application}"
        if await self._values.get(name) == digest:
            return
        path = "/applications/{application_id}/commands"
        await self._rest.call("PUT", path, commands, application_id=self._application)
        await self._values.set(name, digest)

    async def _apologise(self, incoming: Incoming, error: Exception) -> None:
        """The core could not even write the message down: whoever wrote it must know."""
        try:
            await self.open(incoming.address).post(Out(render(shown(error, incoming.event))))
        except PlatformError as failed:
            log.warning("and nobody could be told", id=incoming.event, error=_said(failed))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
