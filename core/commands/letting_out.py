"""What /revoke says: who is let in, and what it means that somebody is let out. `core.access` lets them out.

`bots.approve` says the same on the command line, which shows no Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.escape import escaped
from core.store import Member
from core.surface import Choice

OPEN = "ACCESS=open lets everybody in all the same: with ACCESS=invite in .env it takes effect."


def listed(members: Sequence[Member], *, open: bool, markdown: bool = True) -> str:
    """Everybody who is in, and how to let one of them out."""
    if not members:
        return OPEN if open else "Nobody is let in but those who are named in ADMINS."
    lines = [f"- {_named(member, markdown)}{', admin' if member.level == 'admin' else ''}" for member in members]
    how = f"Let somebody out with the id: /revoke {members[-1].subject}"
    return "\n".join(["These are let in, and whoever is named in ADMINS:", *lines, "", how, *([OPEN] if open else [])])


def told(member: Member, *, open: bool, markdown: bool = True) -> str:
    """What is so from now on."""
    if member.subject.startswith("web:"):
        then = "Every browser of theirs is signed out of the page; a new link lets one in again."
    elif member.name:
        then = "In groups that are let in I still answer them. When they write to me, they get a new code."
    else:
        then = "/approve there lets a group in again."
    return " ".join([f"{_named(member, markdown)} is let out.", then, *([OPEN] if open else [])])


def choices(members: Sequence[Member]) -> list[Choice]:
    """For who picks one from a menu: no Markdown."""
    return [Choice(m.subject, f"{m.name} ({m.subject})"[:100] if m.name else m.subject) for m in members]


def _named(member: Member, markdown: bool) -> str:
    if not markdown:
        return f"{member.name} ({member.subject})" if member.name else member.subject
    return f"{escaped(member.name)} (`{member.subject}`)" if member.name else f"`{member.subject}`"
