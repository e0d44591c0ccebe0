"""/usage: what a person has used and may use, and for admins what everybody has."""

from __future__ import annotations

from collections.abc import Sequence

from core.escape import escaped
from core.quota import words
from core.quota.limits import periods
from core.quota.money import dollars
from core.quota.quota import Quota
from core.store import Cap, Payer, Total

SHOWN = 5  # of each kind

SPANS = ("Today", "This month")
PLACES = {"house": "everybody together", "chat": "this group"}


async def own(quota: Quota, payer: Payer) -> str:
    """What one person has used, and every limit that holds for them."""
    now = quota.now()
    caps = quota.limits.caps(payer, now)
    lines = ["**You have used**"]
    for span, period in zip(SPANS, periods(now), strict=True):
        total = await quota.usage.total("user", payer.subject, period)
        cap = next((cap for cap in caps if (cap.kind, cap.period) == ("user", period)), None)
        lines.append(f"- {span}: {_used(total, cap)}{f' {words.renewal(cap, now)}' if cap else ''}")
    for cap in caps:
        if cap.kind != "user":
            total = await quota.usage.total(cap.kind, cap.name, cap.period)
            lines.append(f"- {_span(cap, now)}, {PLACES[cap.kind]}: {_share(total, cap)}. {words.renewal(cap, now)}")
    return "\n".join(lines)


async def everybody(quota: Quota) -> str:
    """What all have used: the sums, and who and what cost most this month."""
    now = quota.now()
    caps = quota.limits.caps(Payer(""), now)
    lines = ["**Everybody**"]
    for span, period in zip(SPANS, periods(now), strict=True):
        cap = next((cap for cap in caps if (cap.kind, cap.period) == ("house", period)), None)
        lines.append(f"- {span}: {_used(await quota.usage.total('house', '', period), cap)}")
    month = periods(now)[1]
    for title, kind in (("people", "user"), ("groups", "chat"), ("models", "model")):
        if top := await quota.usage.top(kind, month, SHOWN):
            lines += ["", f"**Top {title} this month**", *_ranked(top, kind, quota)]
    return "\n".join(lines)


def _ranked(top: Sequence[Total], kind: str, quota: Quota) -> list[str]:
    return [f"{place}. {_name(total, kind, quota)}: {_used(total, None)}" for place, total in enumerate(top, 1)]


def _name(total: Total, kind: str, quota: Quota) -> str:
    if kind == "model":
        return f"`{total.name}`" + ("" if quota.prices.of(total.name) else " (no price)")
    if not total.name:
        return total.label
    return f"{escaped(total.label)} (`{total.name}`)" if total.label else f"`{total.name}`"


def _used(total: Total, cap: Cap | None) -> str:
    answers = "1 answer" if total.requests == 1 else f"{total.requests:,} answers"
    return f"{_share(total, cap)}, {answers}, {total.prompt + total.completion:,} tokens."


def _share(total: Total, cap: Cap | None) -> str:
    return f"{dollars(total.cost)}{f' of {dollars(cap.limit)}' if cap else ''}"


def _span(cap: Cap, now: float) -> str:
    return SPANS[periods(now).index(cap.period)]
