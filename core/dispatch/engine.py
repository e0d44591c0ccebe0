"""The engine decides where drains run: here, as tasks of this process. Three verbs, so that another can stand in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.errors import StoreError
from core.live.tasks import no_strays
from core.observe.log import get_logger
from core.types import Lane, SessionKey

log = get_logger(__name__)

CUTTING = 2.0  # seconds
RETRY = 5.0  # seconds until a lane whose drain failed (a full disk, say) is tried again


@dataclass(slots=True)
class Running:
    """The drain of one lane. again: rows came since it last looked."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    again: bool = True
    task: asyncio.Task[None] | None = None


class Engine:
    """Runs `drain(lane, stop)` for every lane that was woken, one at a time per lane."""

    def __init__(self, drain: Callable[[Lane, asyncio.Event], Awaitable[None]]) -> None:
        self._drain = drain
        self._running: dict[Lane, Running] = {}
        self._closed = False

    def wake(self, lane: Lane) -> None:
        """Rows wait in this lane. Returns at once."""
        if self._closed:
            return
        running = self._running.get(lane)
        if running is not None:
            running.again = True
            return
        running = self._running[lane] = Running()
        running.task = asyncio.create_task(self._run(lane, running), name=f"drain {lane}")

    def stop(self, lane: Lane) -> bool:
        """Stop what is being written in this lane. False when nothing is."""
        running = self._running.get(lane)
        if running is None:
            return False
        running.stop.set()
        return True

    def stop_session(self, key: SessionKey) -> bool:
        """Stop everything that is being written in one session, whoever asked. False when nothing is."""
        lanes = [lane for lane in self._running if lane.key == key and not lane.express]
        return any([self.stop(lane) for lane in lanes])

    async def close(self, grace: float, cutting: float = CUTTING) -> None:
        """No new work; what runs gets `grace` seconds and is then cut. Its rows stay in the inbox.

        cutting: seconds that those who are cut have, to say so and to let a platform call that has begun end.
        """
        self._closed = True
        tasks = [running.task for running in self._running.values() if running.task]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=cutting)

    async def _run(self, lane: Lane, running: Running) -> None:
        try:
            while running.again and not self._closed:
                running.again = False
                await self._once(lane, running)
        finally:
            del self._running[lane]

    async def _once(self, lane: Lane, running: Running) -> None:
        try:
            with no_strays():
                await self._drain(lane, running.stop)
        except Exception as error:
            if not isinstance(error, StoreError):  # which the store itself says, and once
                log.exception("the lane's work failed, trying again", lane=str(lane), error=repr(error), wait=RETRY)
            running.again = True
            await asyncio.sleep(RETRY)
