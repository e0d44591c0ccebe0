"""The API keys of one endpoint: used in turn, rested when refused or rate limited, read anew when they change.

The endpoint takes a key for every request and tells how it went.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from core.errors import ModelBusy
from core.observe.alerts import Alerts
from core.observe.log import conceal

NO_KEY = "none"  # endpoints on one's own machine ask for no key, but the SDK sends no request without one
FIRST_REST, LONGEST_REST = 60.0, 3600.0  # seconds that a refused key rests; each refusal in a row doubles it
DEFAULT_LIMIT = 1.0  # seconds that a rate limited key rests when the endpoint does not say


def split_keys(text: str) -> tuple[str, ...]:
    """The keys in OPENAI_API_KEY, which separates them by commas; each counts once."""
    return tuple(dict.fromkeys(key for part in text.split(",") if (key := part.strip())))


@dataclass(slots=True)
class Rest:
    """How a key fared. serial: the how-manieth it is since the start; until: when it may be used again; refusals: in a
    row."""

    serial: int
    until: float = 0.0
    refusals: int = 0


class KeyRing:
    """The keys that `read` returns, in turn. name: where an admin finds them, for alerts; they never hold a key."""

    def __init__(
        self,
        read: Callable[[], Sequence[str]] = tuple,
        *,
        name: str = "OPENAI_API_KEY",
        alerts: Alerts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._name, self._clock = read, name, clock
        self._alerts = alerts or Alerts()
        self._rests: dict[str, Rest] = {}
        self._next = 0
        self.secrets: set[str] = set()  # every key there ever was: what no text may hold

    def take(self, tried: Collection[str] = ()) -> str:
        """The key whose turn it is; NO_KEY when there are none, "" when all have been tried.

        Raises ModelBusy with retry_after when all that is left are rate limited ones. A refused key is handed out
        again before its rest is over when there is no other: its owner may just have paid.
        """
        keys = self._keys()
        if not keys:
            return "" if NO_KEY in tried else NO_KEY
        turns = [*keys[self._next % len(keys) :], *keys[: self._next % len(keys)]]
        untried = [key for key in turns if key not in tried]
        now = self._clock()
        key = next((key for key in untried if self._rests[key].until <= now), "")
        refused = [key for key in untried if self._rests[key].refusals]
        limited = [self._rests[key].until - now for key in untried if not self._rests[key].refusals]
        if not key and limited:
            raise ModelBusy("every key is rate limited", retry_after=min(limited))
        key = key or min(refused, key=lambda key: self._rests[key].until, default="")
        if key:
            self._next = keys.index(key) + 1
        return key

    def refused(self, key: str, why: str) -> None:
        """The endpoint does not take this key, or its quota is used up. Admins are told once."""
        if (rest := self._rests.get(key)) is None:
            return
        rest.refusals += 1
        rest.until = self._clock() + min(FIRST_REST * 2.0 ** min(rest.refusals - 1, 20), LONGEST_REST)
        self._alerts.tell(self._trouble(key), f"The endpoint refuses {self._called(key)}: {why}")

    def limited(self, key: str, seconds: float | None) -> None:
        """The endpoint asks to use this key later."""
        if (rest := self._rests.get(key)) is not None:
            rest.until = self._clock() + (DEFAULT_LIMIT if seconds is None else seconds)

    def works(self, key: str) -> None:
        if (rest := self._rests.get(key)) is not None and rest.refusals:
            rest.refusals, rest.until = 0, 0.0
            self._alerts.over(self._trouble(key))

    def _keys(self) -> list[str]:
        keys = [*self._read()]
        if keys != [*self._rests]:
            self._next = 0
            self._rests = {key: self._rests.get(key) or self._new(key) for key in keys}
        return keys

    def _called(self, key: str) -> str:
        keys = [*self._rests]
        return f"key {keys.index(key) + 1} of {len(keys)} in {self._name}" if len(keys) > 1 else self._name

    def _new(self, key: str) -> Rest:
        self.secrets.add(key)
        conceal(key)
        return Rest(len(self.secrets))

    def _trouble(self, key: str) -> str:
        return f"key #{self._rests[key].serial} of {self._name}"
