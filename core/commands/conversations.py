"""What /sessions and /history show. `core.commands.handlers` asks here, once it knows that its user may."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from core.errors import UserError
from core.escape import escaped
from core.store.sessions import Sessions
from core.surface import Choice
from core.types import Session, SessionKey, Turn

LISTED = 20  # sessions in one message
SUGGESTED = 500  # sessions among which is looked for what somebody types
HISTORY_SHOWN = 10  # turns
LINE_LONGEST = 300  # characters of one message in /history
FROM = re.compile(r"from\s+([1-9]\d{0,5})", re.IGNORECASE)
NUMBER = re.compile(r"[1-9]\d{0,5}")


async def listed(sessions: Sessions, key: SessionKey, argument: str) -> str:
    """The newest conversations, or those that "from 21" names. The current one is marked."""
    found = FROM.fullmatch(argument)
    first = int(found[1]) if found else 1
    current = await sessions.current(key)
    shown, count = await sessions.list(key, LISTED, skip=first - 1), await sessions.count(key)
    if not shown:
        raise UserError(f"There are only {count} conversations here. /sessions lists them.")
    lines = [_line(number, session, current) for number, session in enumerate(shown, first)]
    older = first + len(shown)
    if older <= count:
        lines.append(f"There are {count} in all. Older ones: /sessions from {older}")
    return "\n".join(["Your conversations here:", *lines, "", "Go back to one with its number: /sessions 2"])


def asks_for_list(argument: str) -> bool:
    """Whether /sessions with this argument only shows something."""
    return not argument or FROM.fullmatch(argument) is not None


async def choose(sessions: Sessions, key: SessionKey, argument: str) -> str:
    """Go back to the conversation with this number. Raises UserError when there is none."""
    found = await sessions.list(key, 1, skip=int(argument) - 1) if NUMBER.fullmatch(argument) else []
    if not found:
        raise UserError(f"There is no conversation number “{escaped(argument[:20])}”. /sessions lists them.")
    await sessions.switch(found[0].id)
    return f"Back in “{escaped(title(found[0]))}”. I remember what was said there."


async def suggested(sessions: Sessions, key: SessionKey) -> list[Choice]:
    """Every conversation by its number, for who picks one from a menu: no Markdown."""
    found = await sessions.list(key, SUGGESTED)
    return [Choice(str(n), f"{n}. {title(session)} ({_day(session)})"[:100]) for n, session in enumerate(found, 1)]


def history(session: Session, turns: Sequence[Turn]) -> str:
    """What the model still knows of this conversation; `turns` are those that it is sent."""
    if not turns:
        return "Nothing has been said in this conversation yet."
    shown = turns[-HISTORY_SHOWN:]
    of = f" of the {len(turns)}" if len(turns) > len(shown) else ""
    named = f"“{escaped(title(session))}”"
    head = f"{named}, the last {len(shown)} rounds{of} that I read:" if len(turns) > 1 else f"{named}:"
    return "\n\n".join([*_earlier(session), head, *(_round(turn) for turn in shown)])


def title(session: Session) -> str:
    """As it is on screen, but not yet fit for Markdown."""
    return session.title or "New conversation"


def _line(number: int, session: Session, current: Session) -> str:
    here = " ← you are here" if session.id == current.id else ""
    return f"{number}. {escaped(title(session))} ({_day(session)}){here}"


def _day(session: Session) -> str:
    return datetime.fromtimestamp(session.updated, UTC).astimezone().strftime("%d %b %H:%M")


def _earlier(session: Session) -> list[str]:
    """What the model knows of the time before the turns that it is sent."""
    if session.first == 1:
        return []
    if not session.summary:
        return [f"I no longer read what was said before round {session.first}."]
    return [f"**What I know of earlier** (/history forget drops it):\n{session.summary}"]


def _round(turn: Turn) -> str:
    answer = turn.shown or {"open": "(being answered)", "stopped": "(stopped)"}.get(turn.state, "(no answer)")
    return f"**{escaped(turn.author or 'You')}:** {escaped(_short(turn.question))}\n**Me:** {_short(answer)}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE_LONGEST else line[: LINE_LONGEST - 1] + "…"
