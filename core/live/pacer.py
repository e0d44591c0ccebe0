"""When an answer that is still being written is shown anew.

Nobody knows how long the answer will be. With K calls to spend in a window of w seconds, a clairvoyant would space
the calls of an answer of N seconds evenly: i (the shortest interval) while N < K·i, N/K beyond. The mean age of what
is on screen is half the gap, so to be at most r times as old as the clairvoyant's for *every* N, gaps must be
r·i up to K·i and 2·r·t/K from there (differentiate r·N²/K). That spends K calls in the window exactly when
r = 1 + ln(w / (K·i)) / 2: the least r that any schedule can promise. After one window, calls come back as fast as they
went, and the gap is what the place sustains for ever. Measured against the clairvoyant: `make bench`.
"""

from __future__ import annotations

from math import log

from core.surface import Limits, Rate

READABLE = 24  # characters: a few words. Shorter first texts make useless push notifications.
SETTLED = 0.8  # of a window: from then on the first calls are about to come back


def readable(text: str, waited: float, limits: Limits) -> bool:
    """Whether the first text may go out; `waited` is the time since the first token, in seconds."""
    return bool(text.strip()) and (len(text) >= READABLE or waited >= limits.first)


def pause(elapsed: float, limits: Limits, kept: list[int], live: int) -> float:
    """Seconds between the starts of two edits of one answer, `elapsed` seconds after its first text.

    live: the answers that share the place. kept: the calls that each of `limits.rates` keeps for their ends.
    """
    interval = limits.interval * live
    gaps = (_gap(elapsed, interval, rate, reserve, live) for rate, reserve in zip(limits.rates, kept, strict=True))
    return max(interval, *gaps, 0.0)


def _gap(elapsed: float, interval: float, rate: Rate, kept: int, live: int) -> float:
    calls = max((rate.calls - kept) / live, 0.5)
    times = 1 + max(log(rate.seconds / (calls * interval)), 0.0) / 2 if interval > 0 else 1.0
    if elapsed < calls * interval / times:
        return times * interval
    if elapsed < SETTLED * rate.seconds:
        return times * 2 * elapsed / calls
    return rate.seconds / calls
