"""Commands that ask no model: what they do is done when they come, their lane only has to show what they said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from core import context
from core.commands.handlers import Handlers, Request
from core.commands.table import parse
from core.observe.trouble import explain
from core.store import Row
from core.types import Incoming, Lane


class AtOnce:
    """`act` when a command comes, `answer` in its lane: also for one that a restart cut off between the two."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._acts: dict[int, asyncio.Future[str]] = {}  # what `act` does for a row that was not answered yet

    async def act(self, incoming: Incoming, lane: Lane, accept: Callable[[], Awaitable[int | None]]) -> int | None:
        """Take a command with `accept` and do at once what it does.

        Returns what `accept` did: the row, or None when the same event was taken before.
        """
        row = await accept()
        if row is None:
            return None
        # Nothing is awaited in between: whoever takes the row up finds it here.
        done = self._acts[row] = asyncio.get_running_loop().create_future()
        try:
            done.set_result(await self._run(row, incoming, lane))
            return row
        finally:
            if not done.done():
                done.cancel()
                self._acts.pop(row, None)

    async def answer(self, row: Row) -> str:
        """What a command answers: the act that is under way, or one that a restart cut off and that is due now."""
        acting = self._acts.pop(row.id, None)
        if acting is not None:
            await asyncio.wait({acting})  # which, unlike awaiting it, neither cancels it nor is cancelled with it
            if not acting.cancelled():
                return acting.result()
        return await self._run(row.id, row.incoming, replace(row.lane, express=False))

    async def _run(self, row: int, incoming: Incoming, lane: Lane) -> str:
        command, argument = parse(incoming.text) or (None, "")
        if command is None:
            return context.unreadable(incoming)
        try:
            return await self._handlers.run(Request(command, argument, incoming, lane))
        except Exception as error:
            return explain(error, row, lane)
