"""Which message ids this process knows, so that one it has lost can be told from the others. `TelegramBot` has it.

Private chats and basic groups of a bot share one counter, every supergroup has its own (Bot API: message_id is "unique
inside this chat"; both as observed). An id between two known ones that is not known itself is somebody else's message,
one that was never delivered to us, or what a post has left that nobody answered.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from math import floor
from typing import Any

SUPERGROUP = -1_000_000_000_000  # ids of supergroups and channels are below (Bot API: "-100" before their own)
PRIVATE = 0  # the name of the counter that all other chats share
KEPT, KEPT_PRIVATE = 200, 2000  # ids of one counter, the newest; up to twice as many for a moment
WHOLE = 20_000  # ids of all counters together
MANY = 1000  # counters, posts whose beginning is remembered, and marks
LOOKED_AT = 50  # ids that one post is looked for under: more would never be asked about


@dataclass(slots=True)
class _Ids:
    """newest: the highest known; since: when it came. floor: up to here ids may have been known and forgotten."""

    kept: int
    newest: int = 0
    since: float = 0.0
    floor: int = 0
    known: set[int] = field(default_factory=set)

    def add(self, id: int, now: float) -> None:
        self.known.add(id)
        if id > self.newest:
            self.newest, self.since = id, now
        if len(self.known) > 2 * self.kept:
            kept = sorted(self.known)[-self.kept :]
            self.floor, self.known = kept[0], set(kept)


@dataclass(frozen=True, slots=True)
class _Begun:
    """When the first try of a post began, and which id was the newest then, since when."""

    at: float
    newest: int
    since: float


class Traces:
    """clock: monotonic, in seconds. Of counters that are too many, those go first where no post is in doubt, and of
    these the one where the last post is longest ago.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counters: dict[int, _Ids] = {}  # where the newest post was is the last
        self._size = 0  # ids in all of them
        self._begun: dict[tuple[int, str], _Begun] = {}  # posts that are under way, or were not answered
        self._under_way: Counter[int] = Counter()  # posts, by chat
        self._marked: dict[tuple[int, int], None] = {}

    def seen(self, chat: int, id: int) -> None:
        """There is such a message, and it is known whose it is."""
        counter = self._counter(chat)
        before = len(counter.known)
        counter.add(id, self._clock())
        self._size += len(counter.known) - before
        while self._size > WHOLE and len(self._counters) > 1:
            self._forget_but(_name(chat))

    def update(self, update: Mapping[str, Any]) -> None:
        """Note the message that an update brings; what it replies to, or what a button was under, may be a lost one."""
        message = update.get("message") or update.get("edited_message")
        chat = message.get("chat") if isinstance(message, Mapping) else None
        if isinstance(message, Mapping) and isinstance(chat, Mapping):
            id, place = message.get("message_id"), chat.get("id")
            if isinstance(id, int) and isinstance(place, int):
                self.seen(place, id)

    @contextmanager
    def posting(self, chat: int, nonce: str) -> Iterator[None]:
        """Around a post. nonce: the same for each try at it; "" for one that is not looked for."""
        counter, key = self._counter(chat), (chat, nonce)
        self._counters[_name(chat)] = self._counters.pop(_name(chat))
        first = key not in self._begun
        if nonce and first:
            self._begun[key] = _Begun(self._clock(), counter.newest, counter.since)
            _forget_oldest(self._begun)
        self._under_way[chat] += 1
        try:
            yield
            if first:
                self._begun.pop(key, None)
        finally:
            self._under_way[chat] -= 1
            if not self._under_way[chat]:
                del self._under_way[chat]

    def unknown(self, chat: int, nonce: str, after: int) -> list[int] | None:
        """Ids that messages of an unanswered post may have, likeliest first, `LOOKED_AT` at most. after: one that is
        older, or 0. nonce: the post's, if it was made here.

        Only below the newest known one: TDLib may take what it asked for in vain as deleted for good
        (`on_get_empty_messages`), so no id is asked for that a message of tomorrow will have. None while a post is
        under way there: its id is unknown too.
        """
        if self._under_way[chat]:
            return None
        counter, begun = self._counter(chat), self._begun.get((chat, nonce))
        low = max(after, begun.newest if begun else 0)
        if not low:
            return []
        likely = _between(low, counter, begun) if begun else low
        ids = _outwards(likely, max(low, counter.floor) + 1, counter.newest - 1)
        return list(islice((id for id in ids if id not in counter.known), LOOKED_AT))

    # Messages that were changed by asking about them

    def mark(self, chat: int, id: int) -> None:
        """This message has, or may have, a mark under it that is to be taken away."""
        self._marked[chat, id] = None
        _forget_oldest(self._marked)

    def unmark(self, chat: int, id: int) -> None:
        self._marked.pop((chat, id), None)

    def marked(self, chat: int) -> list[int]:
        return [id for place, id in self._marked if place == chat]

    # What is kept

    def _counter(self, chat: int) -> _Ids:
        name = _name(chat)
        if name not in self._counters:
            self._counters[name] = _Ids(KEPT_PRIVATE if name == PRIVATE else KEPT)
            if len(self._counters) > MANY:
                self._forget_but(name)
        return self._counters[name]

    def _forget_but(self, name: int) -> None:
        others = [other for other in self._counters if other != name]
        in_doubt = {_name(chat) for chat, _ in self._begun}
        oldest = next((other for other in others if other not in in_doubt), others[0])
        self._size -= len(self._counters.pop(oldest).known)


def _name(chat: int) -> int:
    return chat if chat < SUPERGROUP else PRIVATE


def _between(low: int, counter: _Ids, begun: _Begun) -> float:
    """Which id a message had about that got the next one when the post began, if ids came steadily."""
    passed = counter.since - begun.since
    part = (begun.at - begun.since) / passed if passed > 0 else 0.0
    return low + (counter.newest - low) * min(part, 1.0)


def _outwards(middle: float, first: int, last: int) -> Iterator[int]:
    """The ids from the first to the last, nearest to the middle first."""
    below = min(floor(middle), last)
    above = max(below + 1, first)
    while below >= first or above <= last:
        if above > last or (below >= first and middle - below <= above - middle):
            yield below
            below -= 1
        else:
            yield above
            above += 1


def _forget_oldest(oldest_first: dict[Any, Any]) -> None:
    if len(oldest_first) > MANY:
        del oldest_first[next(iter(oldest_first))]
