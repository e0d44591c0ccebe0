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
from typing import Any

SUPERGROUP = -1_000_000_000_000  # ids of supergroups and channels are below (Bot API: "-100" before their own)
KEPT = 2000  # ids of one counter, the newest
MANY = 1000  # counters, and posts whose beginning is remembered


@dataclass(slots=True)
class _Ids:
    """newest: the highest known; since: when it came. floor: up to here ids may have been known and forgotten."""

    newest: int = 0
    since: float = 0.0
    floor: int = 0
    known: set[int] = field(default_factory=set)

    def add(self, id: int, now: float) -> None:
        self.known.add(id)
        if id > self.newest:
            self.newest, self.since = id, now
        if len(self.known) > 2 * KEPT:
            kept = sorted(self.known)[-KEPT:]
            self.floor, self.known = kept[0], set(kept)


@dataclass(frozen=True, slots=True)
class _Begun:
    """When the first try of a post began, and which id was the newest then, since when."""

    at: float
    newest: int
    since: float


class Traces:
    """clock: monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counters: dict[int, _Ids] = {}
        self._begun: dict[tuple[int, str], _Begun] = {}
        self._under_way: Counter[int] = Counter()  # posts, by chat

    def seen(self, chat: int, id: int) -> None:
        """There is such a message, and it is known whose it is."""
        self._counter(chat).add(id, self._clock())

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
        counter = self._counter(chat)
        if nonce:
            self._begun.setdefault((chat, nonce), _Begun(self._clock(), counter.newest, counter.since))
            _forget(self._begun)
        self._under_way[chat] += 1
        try:
            yield
        finally:
            self._under_way[chat] -= 1

    def unknown(self, chat: int, nonce: str, after: int) -> list[int] | None:
        """Ids that messages of an unanswered post may have, likeliest first. after: one that is older, or 0. nonce: the
        post's, if it was made here.

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
        ids = (id for id in range(max(low, counter.floor) + 1, counter.newest) if id not in counter.known)
        return sorted(ids, key=lambda id: abs(id - likely))

    def _counter(self, chat: int) -> _Ids:
        name = chat if chat < SUPERGROUP else 0
        counter = self._counters.pop(name, None) or _Ids()
        self._counters[name] = counter
        _forget(self._counters)
        return counter


def _between(low: int, counter: _Ids, begun: _Begun) -> float:
    """Which id a message had about that got the next one when the post began, if ids came steadily."""
    passed = counter.since - begun.since
    part = (begun.at - begun.since) / passed if passed > 0 else 0.0
    return low + (counter.newest - low) * min(part, 1.0)


def _forget(oldest_first: dict[Any, Any]) -> None:
    if len(oldest_first) > MANY:
        del oldest_first[next(iter(oldest_first))]
