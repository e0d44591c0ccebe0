"""The gateway connection, held and taken up again. `DiscordBot` calls `Link.hold` for as long as it runs.

discord.py's own loop (`Client.connect`) dies when its very first connection is refused (it reads `ws.sequence` of a
`ws` that is still None), reconnects without a pause when it is hung up on, and waits up to 17 minutes otherwise.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from bots.discord.client import Client

CONNECT_WITHIN = 60.0
STEADY = 30.0  # seconds after which a connection counts as good, and the next failure as the first
LONGEST = 64.0
FIRST = 1  # the sequence number of READY, a session's first event


class Pauses:
    """Seconds to wait before the next try: nothing yet, then 1, 2, 4 and so on to 64, each shortened by up to a half.

    random: a number from 0 to 1, so that many bots do not come back at the same instant.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures = 0

    def next(self, *, at_once: bool = False) -> float:
        """at_once: the first try in a row need not wait, for Discord itself asked to connect anew."""
        self._failures += 1
        if at_once and self._failures == 1:
            return 0.0
        return min(LONGEST, 2.0 ** (self._failures - 1)) * (1 - self._random() / 2)

    def reset(self) -> None:
        self._failures = 0


class Link:
    """One connection after the other for a client; each takes up the session of the last, so that nothing is missed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._next: dict[str, Any] = {"initial": True}

    async def hold(self) -> None:
        """Connect and take events until the connection ends. Returns when it can be taken up again at once;
        otherwise raises what ended it (discord.ConnectionClosed has Discord's code)."""
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                ws = await DiscordWebSocket.from_client(self._client, shard_id=self._client.shard_id, **self._next)
            self._client.ws = ws
            while True:
                await ws.poll_event()
        except ReconnectWebSocket as ended:
            self._remember(resume=ended.resume)
        except Exception:
            self._remember(resume=True)
            raise

    @property
    def mark(self) -> str:
        """Where the session stands, for `missed.replay` in a later process; "" while there is none."""
        ws = self._client.ws
        if not ws or not ws.session_id or ws.sequence is None:
            return ""
        return self._mark_at(ws.sequence)

    @property
    def first_mark(self) -> str:
        """Where the session began: all of it would be replayed."""
        return self._mark_at(FIRST)

    def _mark_at(self, sequence: int) -> str:
        ws = self._client.ws
        return json.dumps({"session": ws.session_id, "sequence": sequence, "gateway": str(ws.gateway)})

    def _remember(self, *, resume: bool) -> None:
        ws = self._client.ws
        if not resume:
            self._client.current.clear()  # a new session: what fell between the two comes before it
        if not ws:
            return
        self._next = {"initial": False}
        if resume and ws.session_id:
            self._next |= {"resume": True, "session": ws.session_id, "sequence": ws.sequence, "gateway": ws.gateway}
