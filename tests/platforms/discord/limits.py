"""Discord's rate limits: buckets per route and place, one global limit, and how often each was hit."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.platforms.discord.clock import Times


@dataclass(frozen=True)
class Rate:
    """At most `calls` in a window of `seconds` that opens with its first call."""

    calls: int
    seconds: float


@dataclass
class Limits:
    """The rate of each bucket; a test may set its own. None: no limit.

    edit: PATCH message, per channel. 5 per 1 s was measured in May 2026; the folklore says 5 per 5 s.
    post: POST message, per channel. interaction: the webhook of one interaction token, unconfirmed;
    `by_method` counts its POSTs and PATCHes apart. everything: the bot's global limit, from which
    interaction routes are exempt (Discord docs, Rate Limits).
    """

    edit: Rate | None = Rate(5, 1.0)
    post: Rate | None = Rate(5, 5.0)
    delete: Rate | None = Rate(5, 1.0)
    typing: Rate | None = Rate(5, 5.0)
    interaction: Rate | None = Rate(5, 2.0)
    other: Rate | None = Rate(50, 1.0)
    everything: Rate | None = Rate(50, 1.0)
    by_method: bool = True

    @classmethod
    def off(cls) -> Limits:
        """No limit at all, as with a `tests.clock` whose windows never end by themselves."""
        return cls(None, None, None, None, None, None, None)


@dataclass(frozen=True)
class TooMany:
    """What a 429 says. scope: "user", "global" or "shared"."""

    retry_after: float
    scope: str = "user"

    def body(self) -> dict[str, Any]:
        text = "The resource is being rate limited." if self.scope == "shared" else "You are being rate limited."
        return {"message": text, "retry_after": round(self.retry_after, 3), "global": self.scope == "global"}

    def headers(self) -> dict[str, str]:
        # discord.py takes a 429 without Via for a Cloudflare ban
        headers = {"Via": "1.1 google", "X-RateLimit-Scope": self.scope}
        headers["Retry-After"] = str(math.ceil(self.retry_after))
        return headers | ({"X-RateLimit-Global": "true"} if self.scope == "global" else {})


@dataclass
class Bucket:
    """One window: how much of it is used, and when it ends."""

    rate: Rate
    used: int = 0
    ends: float = -math.inf

    def take(self, now: float) -> bool:
        if now >= self.ends:
            self.used, self.ends = 0, now + self.rate.seconds
        if self.used >= self.rate.calls:
            return False
        self.used += 1
        return True


@dataclass
class Limiter:
    """Counts every call. `hits` counts the 429s by bucket name ("edit", "post", "global"...)."""

    limits: Limits
    clock: Callable[[], float]
    times: Times
    hits: Counter[str] = field(default_factory=Counter)
    _buckets: dict[tuple[str, ...], Bucket] = field(default_factory=dict)

    def take(self, name: str, key: tuple[str, ...], *, counts_globally: bool) -> tuple[dict[str, str], TooMany | None]:
        """Count one call: the headers of its bucket, and the refusal when there is one."""
        now = self.clock()
        if counts_globally and (wait := self._global(now)) is not None:
            self.hits["global"] += 1
            return {}, TooMany(wait, "global")
        rate: Rate | None = getattr(self.limits, name)
        if rate is None:
            return {}, None
        bucket = self._bucket((name, *key), rate)
        taken = bucket.take(now)
        self.hits[name] += not taken
        return self._headers(name, key[0], bucket, now), None if taken else TooMany(bucket.ends - now)

    def _global(self, now: float) -> float | None:
        if self.limits.everything is None:
            return None
        bucket = self._bucket(("global",), self.limits.everything)
        return None if bucket.take(now) else bucket.ends - now

    def _bucket(self, key: tuple[str, ...], rate: Rate) -> Bucket:
        bucket = self._buckets.setdefault(key, Bucket(rate))
        bucket.rate = rate
        return bucket

    def _headers(self, name: str, route: str, bucket: Bucket, now: float) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(bucket.rate.calls),
            "X-RateLimit-Remaining": str(max(0, bucket.rate.calls - bucket.used)),
            "X-RateLimit-Reset": f"{self.times.wall(bucket.ends):.3f}",
            "X-RateLimit-Reset-After": f"{max(0.0, bucket.ends - now):.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(f"{name} {route}".encode()).hexdigest()[:16],
        }
