"""How long to wait before an endpoint is asked again: what its headers say, else a pause that grows.

`core.model.failures` reads the headers, the router waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import random

# OpenAI writes durations as "6m0s" and "20ms"; when requests or tokens come back is told apart.
# https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
_DURATION = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m(?!s))?(?:(?P<s>[\d.]+)s)?(?:(?P<ms>[\d.]+)ms)?")
_LIMITS = ("requests", "tokens")
_EPOCH = 10**9  # a number of seconds as large as this is a date
LONGEST = 86400.0  # what asks for more than a day is a mistake, or a month's quota


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that an answer asks to wait, None when it does not say. now: unix time.

    Retry-After may be seconds or a date (RFC 9110, 10.2.3); retry-after-ms is Azure's; x-ratelimit-reset is
    OpenRouter's (unix milliseconds), and OpenAI and Groq tell it for each limit, of which the spent ones count.
    """
    if ms := _number(headers.get("retry-after-ms")):
        return _bounded(ms / 1000)
    if told := headers.get("retry-after"):
        return _moment(told, now)
    spent = [f"-{limit}" for limit in _LIMITS if headers.get(f"x-ratelimit-remaining-{limit}", "").strip() == "0"]
    resets = [headers.get(f"x-ratelimit-reset{limit}") for limit in spent or [""]]
    waits = [wait for reset in resets if reset and (wait := _moment(reset, now)) is not None]
    return max(waits, default=None)


def _moment(told: str, now: float) -> float | None:
    """Seconds from now, out of a number of seconds, a unix time (also in milliseconds), a duration or a date."""
    told = told.strip()
    if (number := _number(told)) is not None:
        if number >= _EPOCH * 1000:
            number /= 1000
        return _bounded(number - now if number >= _EPOCH else number)
    if (match := _DURATION.fullmatch(told)) and any(match.groups()):
        parts = {unit: _number(part) or 0.0 for unit, part in match.groupdict().items()}
        return _bounded(parts["h"] * 3600 + parts["m"] * 60 + parts["s"] + parts["ms"] / 1000)
    try:
        return _bounded(parsedate_to_datetime(told).timestamp() - now)
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\s*\d+(?:\.\d*)?\s*", text) else None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double: `first` seconds, at most `longest`. random: in [0, 1), so that many do not come at once."""

    first: float = 0.5
    longest: float = 15.0
    random: Callable[[], float] = random

    def pause(self, failures: int) -> float:
        """Seconds after this many failures in a row (from 1 on): between half and the whole of the doubled pause."""
        whole = min(self.first * 2.0 ** min(failures - 1, 30), self.longest)
        return whole * (0.5 + 0.5 * self.random())
