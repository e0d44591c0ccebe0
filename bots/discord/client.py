"""discord.py's client, cut down to what Chinwag needs: events in, handed to the core. `DiscordBot` owns it.

A client lives as long as one log-in: a new one is made for other intents or another token.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bots.discord.buttons import answer
from bots.discord.incoming import from_edit, from_interaction, from_message, from_press, is_command, wanted
from bots.discord.missed import MISSED
from bots.discord.rest import Bucket, impatient
from bots.discord.slash import CHOICES, TEXT, typing_in
from core.errors import StoreError
from core.observe.log import get_logger
from core.surface import Choice, Core
from core.types import Incoming

log = get_logger(__name__)

# Discord: interactions must be answered within 3 seconds
TURN_WITHIN, COMMIT_WITHIN, DEFER_WITHIN, SUGGEST_WITHIN = 1.0, 0.5, 2.0, 2.0

PRESSES = 500  # that are recognised when they come twice

Failed = Callable[[Incoming, Exception], Coroutine[Any, Any, None]]


def point_to(api_url: str, gateway_url: str) -> None:
    """Where Discord is. discord.py keeps both addresses per process, in these two places."""
    Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)


class Client(discord.Client):
    """Takes messages and slash commands, and caches nothing that it can do without.

    content: ask for the privileged message content intent. failed: told when the core could not take something.
    begun: told when a new session has begun. acks: the interactions that are being acknowledged, by their tokens.
    current: while it is not set, messages wait, so that those that were missed are taken before them (see
    `catchup`).
    """

    def __init__(
        self,
        core: Core,
        *,
        content: bool,
        clock: Callable[[], float],
        failed: Failed,
        begun: Callable[[], None],
        acks: dict[str, asyncio.Event],
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice is wanted
        super().__init__(
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=content),
            allowed_mentions=discord.AllowedMentions.none(),
            http_trace=impatient(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self.http.get_ratelimit = self._bucket  # type: ignore[method-assign]
        self._core = core
        self._pressed: deque[int] = deque(maxlen=PRESSES)  # interactions
        self._clock = clock
        self._failed = failed
        self._begun = begun
        self._acks = acks
        self.current = asyncio.Event()
        self._waiting = asyncio.Lock()
        self.handling: set[asyncio.Task[None]] = set()
        self._missed: set[asyncio.Task[None]] = set()

    def _schedule_event(self, *args: Any, **kwargs: Any) -> asyncio.Task[None]:
        """discord.py's own forgets the task, so that Python may throw it away while it waits."""
        task: asyncio.Task[None] = super()._schedule_event(*args, **kwargs)
        self.handling.add(task)
        task.add_done_callback(self.handling.discard)
        if MISSED.get():
            self._missed.add(task)
            task.add_done_callback(self._missed.discard)
        return task

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Once closed there is nobody to take an event, and discord.py fails over it; the next start replays it."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def missed_taken(self) -> None:
        """Wait until all that was replayed is taken."""
        while self._missed:
            await asyncio.wait(self._missed)

    async def settle(self, within: float) -> None:
        """Let the events that have come be taken, for `within` seconds at most; the next start replays the rest."""
        if self.handling:
            await asyncio.wait(self.handling, timeout=within)
        for task in self.handling:
            task.cancel()
        await asyncio.gather(*self.handling, return_exceptions=True)

    async def on_connect(self) -> None:  # discord.py: at READY
        self.current.clear()  # if it was set in the instant in which the session before was lost
        self._begun()

    async def on_message(self, message: discord.Message) -> None:
        if self.user and wanted(message, self.user):
            await self._in_turn()
            await self.take(message)

    async def _in_turn(self) -> None:
        """Wait until those that were missed are taken, unless it is one of them."""
        if not MISSED.get():
            async with self._waiting:  # else who comes as the wait ends would pass those who have waited
                await self.current.wait()

    async def take(self, message: discord.Message) -> None:
        """Hand a message that is `wanted` to the core."""
        assert self.user is not None
        await self._take(from_message(message, self.user))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Discord also sends this when it resolves a link; then nobody has edited, or the core sees the same text."""
        message = payload.message
        if not self.user or message.edited_at is None or not wanted(message, self.user):
            return
        await self._in_turn()  # else it would pass the message that it changes
        try:
            await self._core.edited(from_edit(message, self.user))
        except Exception:
            log.exception("an edited message could not be taken", id=str(message.id))

    async def on_interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        if self.user is not None and interaction.type is discord.InteractionType.component:
            return await self._press(interaction, self.user)
        if self.user is None or not is_command(interaction):
            return
        incoming = from_interaction(interaction, self.user, self._clock())
        if interaction.type is discord.InteractionType.autocomplete:
            await self._suggest(interaction, incoming)
        elif interaction.type is discord.InteractionType.application_command:
            await self._accept(interaction, incoming)

    async def _press(self, interaction: discord.Interaction[discord.Client], me: discord.ClientUser) -> None:
        """Once: after a restart the session that is replayed and the new one may both bring it."""
        if interaction.id in self._pressed:
            return
        self._pressed.append(interaction.id)
        press = from_press(interaction, me, self._clock())
        await answer(interaction, lambda: self._core.press(press))

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("a Discord event could not be handled", handler=event_method)

    async def _accept(self, interaction: discord.Interaction[discord.Client], incoming: Incoming) -> None:
        """Commit a slash command, then acknowledge it: one that was acknowledged is never forgotten.

        After those that were missed, if they are soon taken; but Discord waits three seconds at most. The answer waits
        for the acknowledgement, whose message it fills in.
        """
        if interaction.token in self._acks:  # the session that is replayed and the new one may both bring it
            return await self._take_soon(incoming)
        self._acks[interaction.token], taken = asyncio.Event(), asyncio.Event()
        acknowledging = asyncio.create_task(self._acknowledge(interaction, taken, ephemeral=incoming.address.ephemeral))
        try:
            await self._take_soon(incoming)  # in this task: another would begin later, and be passed by what came next
        finally:
            taken.set()
            await acknowledging

    async def _acknowledge(
        self, interaction: discord.Interaction[discord.Client], taken: asyncio.Event, *, ephemeral: bool
    ) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TURN_WITHIN + COMMIT_WITHIN):
                    await taken.wait()
            await self._defer(interaction, ephemeral=ephemeral)
        finally:
            self._acks.pop(interaction.token).set()

    async def _take_soon(self, incoming: Incoming) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TURN_WITHIN):
                await self._in_turn()
        await self._take(incoming)

    async def _take(self, incoming: Incoming) -> None:
        try:
            await self._core.receive(incoming)
        except Exception as error:
            if not isinstance(error, StoreError):  # which the store itself says, and once
                log.exception("a message could not be taken", id=incoming.event)
            await self._failed(incoming, error)

    async def _defer(self, interaction: discord.Interaction[discord.Client], *, ephemeral: bool) -> None:
        """Show "thinking…". When that fails twice, the answer finds its way into the channel: its token is not good."""
        for _ in range(2):
            try:
                async with asyncio.timeout(DEFER_WITHIN):
                    await interaction.response.defer(ephemeral=ephemeral, thinking=True)
                return
            except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("a slash command could not be acknowledged", id=str(interaction.id), error=str(error))
                if isinstance(error, discord.HTTPException) and error.status < 500:
                    return

    async def _suggest(self, interaction: discord.Interaction[discord.Client], incoming: Incoming) -> None:
        asked = typing_in(dict(interaction.data or {}))
        choices = await self._choices(incoming, *asked) if asked else []
        try:
            await interaction.response.autocomplete(choices)
        except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.debug("suggestions came too late", error=str(error))

    async def _choices(self, incoming: Incoming, kind: str, typed: str) -> list[app_commands.Choice[str]]:
        try:
            async with asyncio.timeout(SUGGEST_WITHIN):
                found = await self._core.suggest(replace(incoming, text=typed), kind)
        except Exception as error:  # whatever the core lacks, the person can go on typing
            log.warning("no suggestions", argument=kind, error=str(error))
            return []
        return [_choice(choice) for choice in found if choice.value][:CHOICES]

    def _bucket(self, key: str) -> Bucket:
        """What discord.py asks for before each request (`HTTPClient.get_ratelimit`)."""
        buckets = self.http._buckets
        if key not in buckets:
            buckets[key] = Bucket()
            self.http._try_clear_expired_ratelimits()
        bucket = buckets[key]
        assert isinstance(bucket, Bucket)
        return bucket


def _choice(choice: Choice) -> app_commands.Choice[str]:
    return app_commands.Choice(name=(choice.label or choice.value)[:TEXT], value=choice.value[:TEXT])
