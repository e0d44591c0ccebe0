"""Who may ask a model now: limits on requests at once and tokens a minute, fair between users.

Whoever has the fewest requests running goes first, and among equals whoever was served the longest ago. So thirty
questions of one person never hold up another person's one, nobody waits for ever however many new people come, and one
user's questions keep their order. `core.model.metered` takes a slot here for each request.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from core.observe import metrics

K = TypeVar("K", bound=Hashable)

PATIENCE = 2.0  # seconds of waiting before anybody is told their place
AGAIN = 5.0  # seconds between two tellings


@dataclass(eq=False, slots=True)
class Slot:
    """A request that waits or runs. each: its endpoint's limit. tokens: set aside; `used` is told before the end."""

    user: str
    endpoint: Hashable
    each: int
    tokens: int
    granted: asyncio.Future[None]
    used: int | None = None


@dataclass(slots=True)
class Standing:
    """A user with requests here. turn: when they came or were last served (a count); slots: what waits, in order."""

    turn: int
    running: int = 0
    slots: list[Slot] = field(default_factory=list)


@dataclass(slots=True)
class Bucket:
    """The tokens that one endpoint still takes this minute. Below zero when requests used more than expected."""

    level: float
    at: float


class Queue:
    """`most` requests at once for all endpoints together; per_minute: tokens for each endpoint. 0: no limit.

    clock: seconds, monotonic; the running loop's when None.
    """

    def __init__(self, most: int = 0, *, per_minute: int = 0, clock: Callable[[], float] | None = None) -> None:
        self._most = most
        self._per_minute = per_minute
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._users: dict[str, Standing] = {}
        self._endpoints: Counter[Hashable] = Counter()  # requests that run
        self._buckets: dict[Hashable, Bucket] = {}
        self._turns = 0
        self._order: list[Slot] | None = None  # who waits, next one first; None when that has changed
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def slot(
        self,
        user: str,
        endpoint: Hashable,
        *,
        each: int = 0,
        tokens: int = 0,
        place: Callable[[int], None] | None = None,
    ) -> AsyncIterator[Slot]:
        """Wait for a turn; it lasts as long as the context. Cancelling gives up the place, or the slot.

        each: requests at once for this endpoint. tokens: an estimate, corrected by `Slot.used` at the end.
        place: told the place after two seconds of waiting and every five from then on, and 0 at the end of that.
        """
        slot, came = self._join(user, endpoint, each, tokens), self._clock()
        try:
            self._grant()
            if not slot.granted.done():
                with metrics.QUEUED.track_inprogress():
                    await self._wait(slot, place)
            metrics.QUEUE_WAIT.observe(self._clock() - came)
            yield slot
        finally:
            self._leave(slot)
            self._grant()

    @property
    def running(self) -> int:
        return self._endpoints.total()

    @property
    def waiting(self) -> int:
        return len(self._in_order())

    def place(self, slot: Slot) -> int:
        """Which turn is this one's, as things stand: 1 is next."""
        return self._in_order().index(slot) + 1

    async def _wait(self, slot: Slot, place: Callable[[int], None] | None) -> None:
        pause, told = PATIENCE, False
        while place is not None and not (await asyncio.wait({slot.granted}, timeout=pause))[0]:
            place(self.place(slot))
            pause, told = AGAIN, True
        await asyncio.shield(slot.granted)
        if told and place is not None:
            place(0)

    def _join(self, user: str, endpoint: Hashable, each: int, tokens: int) -> Slot:
        slot = Slot(user, endpoint, each, tokens, asyncio.get_running_loop().create_future())
        if user not in self._users:
            self._users[user] = Standing(self._next_turn())
        self._users[user].slots.append(slot)
        self._order = None
        return slot

    def _next_turn(self) -> int:
        self._turns += 1
        return self._turns

    def _leave(self, slot: Slot) -> None:
        standing = self._users[slot.user]
        self._order = None
        if slot.granted.done():
            standing.running -= 1
            standing.turn = self._next_turn()
            _less(self._endpoints, slot.endpoint)
            if self._per_minute and slot.used is not None:
                self._bucket(slot.endpoint).level += slot.tokens - slot.used
        else:
            standing.slots.remove(slot)
        if not standing.running and not standing.slots:
            del self._users[slot.user]

    def _in_order(self) -> list[Slot]:
        if self._order is None:
            ranked = [rank for standing in self._users.values() for rank in _ranks(standing)]
            self._order = [slot for _, _, slot in sorted(ranked, key=lambda rank: rank[:2])]
        return self._order

    def _grant(self) -> None:
        """Give out every slot that is free. Who waits for an endpoint's tokens is not overtaken there."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        dry: dict[Hashable, float] = {}
        while (slot := self._next(dry)) is not None:
            seconds = self._until_tokens(slot)
            if seconds > 0:
                dry[slot.endpoint] = seconds
            else:
                self._give(slot)
        if dry:
            self._timer = asyncio.get_running_loop().call_later(min(dry.values()), self._grant)

    def _next(self, dry: dict[Hashable, float]) -> Slot | None:
        if self._most and self.running >= self._most:
            return None
        fitting = (slot for slot in self._in_order() if slot.endpoint not in dry and self._has_room(slot))
        return next(fitting, None)

    def _has_room(self, slot: Slot) -> bool:
        return not slot.each or self._endpoints[slot.endpoint] < slot.each

    def _give(self, slot: Slot) -> None:
        standing = self._users[slot.user]
        standing.slots.remove(slot)
        standing.running += 1
        standing.turn = self._next_turn()
        self._endpoints[slot.endpoint] += 1
        if self._per_minute:
            self._bucket(slot.endpoint).level -= slot.tokens
        self._order = None
        slot.granted.set_result(None)

    def _until_tokens(self, slot: Slot) -> float:
        """Seconds until the endpoint takes this request; one larger than a whole minute's goes when all are there."""
        if not self._per_minute:
            return 0.0
        missing = min(slot.tokens, self._per_minute) - self._bucket(slot.endpoint).level
        return missing * 60.0 / self._per_minute

    def _bucket(self, endpoint: Hashable) -> Bucket:
        now, full = self._clock(), float(self._per_minute)
        bucket = self._buckets.setdefault(endpoint, Bucket(full, now))
        bucket.level = min(full, bucket.level + (now - bucket.at) * full / 60.0)
        bucket.at = now
        return bucket


def _ranks(standing: Standing) -> list[tuple[int, int, Slot]]:
    """A user's requests after what they are sorted by: how many of the user's run once it is this one's turn, turn."""
    ahead: Counter[Hashable] = Counter()
    ranked = []
    for slot in standing.slots:
        ranked.append((standing.running + ahead[slot.endpoint], standing.turn, slot))
        ahead[slot.endpoint] += 1
    return ranked


def _less(counter: Counter[K], key: K) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
