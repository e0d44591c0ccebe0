"""What a person reads when they have to wait or a budget is used up: what the limit is, and when it renews."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import lasting
from core.escape import escaped
from core.quota.limits import local, renews
from core.quota.money import dollars
from core.store import Cap, Granted, Total

WHOSE = {"house": "This bot's budget", "user": "Your budget", "chat": "This group's budget"}
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def too_fast(seconds: float, per_minute: int) -> str:
    questions = "1 question" if per_minute == 1 else f"{per_minute} questions"
    return (
        f"That was quick: I answer {questions} a minute for each person. Please come back in {lasting(seconds)}; "
        "/retry then answers this one."
    )


def place(number: int) -> str:
    """What stands in for an answer that waits in the queue; 0: it is its turn."""
    if not number:
        return "⏳ It is your turn now."
    return (
        "⏳ Many are asking just now; you are next." if number == 1 else f"⏳ Many are asking; you are number {number}."
    )


def refused(granted: Granted, least: int, now: float) -> str:
    """Why an answer cannot begin."""
    cap = granted.hit
    assert cap is not None
    if cap.limit - granted.spent >= least:
        return (
            f"What is left of {_small(WHOSE[cap.kind])} for {_span(cap)} is set aside for answers that are being "
            "written just now. Please try again with /retry when they are done."
        )
    return f"{WHOSE[cap.kind]} for {_span(cap)} ({dollars(cap.limit)}) is used up. {renewal(cap, now)}"


def ended(cap: Cap, now: float) -> str:
    """Why an answer ends in the middle."""
    whose = f"{WHOSE[cap.kind]} for {_span(cap)} ({dollars(cap.limit)})"
    return f"{whose} is used up, so the answer ends here. {renewal(cap, now)}"


def renewal(cap: Cap, now: float) -> str:
    at = renews(cap.period, now)
    when = "at midnight" if _daily(cap) else f"on {at.day} {MONTHS[at.month - 1]}"
    return f"It renews {when}, in {lasting((at - local(now)).total_seconds())}."


def gathered(alerts: Sequence[str], most: int) -> str:
    """What the admins read of several people and groups together, `most` of them by name."""
    if len(alerts) == 1:
        return alerts[0]
    more = [f"- and {len(alerts) - most} more"] if len(alerts) > most else []
    told = "\n".join([*(f"- {text}" for text in alerts[:most]), *more])
    return f"Budgets of {len(alerts)} people and groups:\n{told}\n/usage shows who has used most."


def alert(cap: Cap, total: Total, percent: int, now: float) -> str:
    """What the admins read when a limit is used up so far."""
    who = {"house": "The bot", "user": f"{escaped(total.label)} ({cap.name})" if total.label else cap.name}.get(
        cap.kind, f"The group {cap.name}"
    )
    share = "up" if percent == 100 else f"{percent} % of"
    return (
        f"{who} has used {share} the budget for {_span(cap)}: {dollars(total.cost)} of {dollars(cap.limit)}. "
        f"{renewal(cap, now)}"
    )


def _daily(cap: Cap) -> bool:
    return len(cap.period) > len("2026-11")


def _span(cap: Cap) -> str:
    return "today" if _daily(cap) else "this month"


def _small(text: str) -> str:
    return text[0].lower() + text[1:]
