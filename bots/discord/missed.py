"""Events that came while no process ran: how they are found, and how far was read. `catchup` calls it.

Discord acknowledges nothing and forgets events that nobody was connected for, but a session that was not closed can be
resumed for some minutes: so the session's place is kept, and a new process resumes the old session beside its own.
Where that session is gone, the channels in which somebody has spoken to the bot are read back.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

import aiohttp
import discord
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from yarl import URL

from bots.discord.incoming import wanted
from core.observe.log import get_logger

log = get_logger(__name__)

REPLAY_WITHIN = 60.0
GUILDS_WITHIN = 5.0
LULL, LONGEST_TAIL = 0.1, 2.0  # seconds without an event, after which none is missing; that are waited for that
CHANNELS_AT_ONCE = 5
AGAIN = (0.5, 1.0, 2.0, 4.0)  # seconds between tries
DISCORD_EPOCH = 1420070400.0  # https://discord.com/developers/docs/reference#snowflakes

_LOST = (discord.ConnectionClosed, discord.DiscordServerError, aiohttp.ClientError, OSError, TimeoutError)

# Set while events of an earlier session are replayed, and so in the tasks that take them.
MISSED: ContextVar[bool] = ContextVar("missed", default=False)


Sleep = Callable[[float], Awaitable[None]]


class Values(Protocol):
    """Small facts that outlive the process."""

    async def get(self, name: str) -> str | None: ...
    async def set(self, name: str, value: str) -> None: ...


async def know_guilds(client: discord.Client) -> None:
    """Wait until Discord has told about the bot's servers, since a thread is only known by its server; not for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GUILDS_WITHIN):
            # discord.py has no event for a server that is told about before on_ready
            while any(guild.unavailable for guild in client.guilds):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def replay(client: discord.Client, mark: str, sleep: Sleep = asyncio.sleep) -> bool:
    """Take the events that came after `mark` (a `Link.mark`) in the session of an earlier process.

    Events that the earlier process had seen, or that the client's own session brings too, come twice: the core takes
    the same event once. False when Discord no longer has the session, or cannot be reached for long.
    """
    saved = json.loads(mark)
    here = MISSED.set(True)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REPLAY_WITHIN):
                for pause in (*AGAIN, None):
                    if (complete := await _replayed(client, saved)) is not None:
                        return complete
                    if pause is not None:
                        await sleep(pause)
        return False
    finally:
        MISSED.reset(here)


async def _replayed(client: discord.Client, saved: dict[str, Any]) -> bool | None:
    """None when the connection was lost, which says nothing about the session."""
    try:
        ws = await DiscordWebSocket.from_client(
            client,
            resume=True,
            session=saved["session"],
            sequence=saved["sequence"],
            gateway=URL(saved["gateway"]),
        )
        await _to_its_end(ws)
    except ReconnectWebSocket as ended:
        return None if ended.resume else False
    except _LOST:
        return None
    return True


async def _to_its_end(ws: DiscordWebSocket) -> None:
    """Take what comes until Discord says that nothing is missing any more.

    It says so at each resume, and an earlier one may be among what is replayed: so whatever follows at once is taken.
    """
    try:
        done = ws.wait_for("RESUMED", lambda _: True)
        while not done.done():
            await ws.poll_event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_TAIL):
                while True:
                    async with asyncio.timeout(LULL):
                        await ws.poll_event()
    finally:
        await ws.close(code=4000)  # 1000 would end the session, which is needed again if this process dies now


async def read_back(
    client: discord.Client,
    places: Sequence[tuple[str, str]],
    take: Callable[[discord.Message], Any],
    *,
    since: float,
    most: int,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Hand over, oldest first, what was said in each of `places` after the message that is named with it.

    Nothing older than `since` (unix seconds), and of each place the newest `most` that `take` wants at the most.
    What fails in one place holds up no other: while it waits to be tried again, others are asked for.
    """
    oldest = int((since - DISCORD_EPOCH) * 1000) << 22
    gate = asyncio.Semaphore(CHANNELS_AT_ONCE)

    async def one(channel: str, last: str) -> None:
        after = max(oldest, int(last) if last.isdigit() else 0)

        async def page() -> list[discord.Message]:
            async with gate:
                return await _page(client, int(channel), after, most)

        try:
            for message in await _patiently(page, sleep):
                await take(message)
        except Exception as error:  # also what discord.py could not read
            log.info("a channel could not be read back", channel=channel, error=f"{type(error).__name__}: {error}")

    await asyncio.gather(*(one(*place) for place in places))


async def _patiently(page: Callable[[], Awaitable[list[discord.Message]]], sleep: Sleep) -> list[discord.Message]:
    """Raises what Discord says at last."""
    for pause in AGAIN:
        try:
            return await page()
        except discord.RateLimited as busy:
            await sleep(busy.retry_after)
        except (discord.DiscordServerError, aiohttp.ClientError, OSError):  # TimeoutError is one
            await sleep(pause)
    return await page()


async def _page(client: discord.Client, channel: int, after: int, most: int) -> list[discord.Message]:
    """The newest after that id which are for the bot, oldest first, of one page: Discord gives a hundred."""
    place = client.get_channel(channel) or await client.fetch_channel(channel)
    if not isinstance(place, discord.abc.Messageable):
        return []
    found = [message async for message in place.history(limit=100, after=discord.Object(after), oldest_first=False)]
    me = client.user
    return [message for message in reversed(found) if me and wanted(message, me)][-most:]


async def note(
    values: Values, name: str, mark: Callable[[], str], every: float, busy: Callable[[], set[Any]] = set
) -> None:
    """Write down under `name`, every so many seconds and for ever, where the session stood one time before.

    One time before, and only when nothing that was `busy` then still is: what had been read then is committed by now.
    """
    before, written, then = "", "", set[Any]()
    while True:
        await asyncio.sleep(every)
        if before and before != written and not then & busy():
            try:
                await values.set(name, before)
                written = before
            except Exception as error:
                log.warning("how far Discord was read could not be noted", error=str(error))
        before, then = mark(), set(busy())
