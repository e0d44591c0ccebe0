"""When an answer that is still being written is shown anew. Pure: `core.live.delivery` asks before each edit.

Nobody knows how long the answer will be. Let every doubling of its length be as likely as the next, from 2 to 4
seconds as from 20 to 40. A clairvoyant with K calls would space those of an answer of N seconds evenly, for a mean age
of N/2K. In the mean over all N of the ratio to that, a gap g around the moment t weighs as the integral of K·g/N^3
beyond t, so as g/t^2. With the number of calls given, the integral of 1/g, the sum of these weights is least when g is
in proportion to t: the moments of n calls up to T are a geometric series, and the next one is at t·(T/t)^(1/n).

That is asked anew before each edit, for every T at which the place gets a call back, with the n that it has until
then; the widest gap counts. So what an earlier answer, another one beside this, a full page or a restart has cost is
spread over the time that it must last, and in a long answer the gap is that in which calls come back. Gaps in
proportion to t also make the worst ratio least: 1 + ln(w / (K·i)) / 2, for K calls in a window of w seconds and a
shortest gap of i. That is 1.6 in a group, but with the shortest gap as much longer, so for short answers too.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.live.budget import Budget
from core.surface import Limits

READABLE = 24  # characters: a few words. Shorter first texts make useless push notifications.
SHORTEST = 2.0  # seconds: hardly any answer ends sooner


def readable(text: str, waited: float, limits: Limits) -> bool:
    """Whether the first text may go out; `waited` is the time since the first token, in seconds."""
    return bool(text.strip()) and (len(text) >= READABLE or waited >= limits.first)


def pause(budget: Budget, limits: Limits, elapsed: float) -> float:
    """Seconds between the starts of two edits of an answer whose first text was shown `elapsed` seconds ago."""
    shortest = min(limits.interval, budget.sustained())
    return max(limits.interval, budget.live * gap(elapsed - budget.since(), budget.supply(), shortest))


def gap(elapsed: float, supply: Iterable[tuple[float, float]], shortest: float) -> float:
    """Seconds from one edit to the next in a place, of an answer whose first text was `elapsed` seconds before the one.

    supply: pairs (seconds, calls): the place takes that many until so many seconds after the edit, the last one then.
    Among several answers that take turns, each of them is shown anew once in as many gaps.
    """
    since = max(elapsed, SHORTEST)
    return max([shortest, *(_even(since, seconds, calls) for seconds, calls in supply if seconds > 0)])


def _even(since: float, seconds: float, calls: float) -> float:
    return since * ((1 + seconds / since) ** (1 / calls) - 1) if calls > 1 else seconds
