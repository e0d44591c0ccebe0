"""Events that came while no process ran. `DiscordBot` replays them at start, and notes how far it has read.

Discord acknowledges nothing and forgets events that nobody was connected for, but a session that was not closed can be
resumed for some minutes: so the session's place is kept, and a new process resumes the old session beside its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Protocol

import aiohttp
import discord
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from yarl import URL

from core.observe.log import get_logger

log = get_logger(__name__)

REPLAY_WITHIN = 60.0


class Values(Protocol):
    """Small facts that outlive the process."""

    async def get(self, name: str) -> str | None: ...
    async def set(self, name: str, value: str) -> None: ...


async def replay(client: discord.Client, mark: str) -> bool:
    """Take the events that came after `mark` (a `Link.mark`) in the session of an earlier process.

    Events that the earlier process had seen, or that the client's own session brings too, come twice: the core takes
    the same event once. False when Discord no longer has the session.
    """
    saved = json.loads(mark)
    with contextlib.suppress(ReconnectWebSocket, discord.ConnectionClosed, aiohttp.ClientError, OSError, TimeoutError):
        async with asyncio.timeout(REPLAY_WITHIN):
            ws = await DiscordWebSocket.from_client(
                client,
                resume=True,
                session=saved["session"],
                sequence=saved["sequence"],
                gateway=URL(saved["gateway"]),
            )
            try:
                done = ws.wait_for("RESUMED", lambda _: True)
                while not done.done():
                    await ws.poll_event()
                return True
            finally:
                await ws.close(code=1000)  # this session has served
    return False


async def note(values: Values, name: str, mark: Callable[[], str], every: float) -> None:
    """Write down under `name`, every so many seconds and for ever, where the session stood one time before.

    One time before, because by now the core has committed what had only just been read then.
    """
    before = written = ""
    while True:
        await asyncio.sleep(every)
        if before and before != written:
            try:
                await values.set(name, before)
                written = before
            except Exception as error:
                log.warning("how far Discord was read could not be noted", error=str(error))
        before = mark()
