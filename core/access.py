"""Who may talk to the bot, and how somebody new gets in.

With ACCESS=invite an unknown person is told a pairing code that an admin approves; a group is approved as a
whole and strangers there get silence. Admins are named in ADMINS, or are whoever opened the first one-time link.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from core.errors import UserError
from core.escape import escaped
from core.store import Member, Pairing
from core.types import Address, Incoming

TELL_AGAIN = 60.0  # seconds: a stranger who writes ten messages is not told the same ten times


class Grants(Protocol):
    """The part of the store that remembers who was let in."""

    async def level(self, subject: str) -> str | None: ...
    async def among(self, subjects: Collection[str]) -> set[str]: ...
    async def grant(self, subject: str, level: str, *, name: str = "", by: str = "") -> None: ...
    async def pairing(self, subject: str, name: str) -> Pairing: ...
    async def admit(self, code: str, *, by: str) -> Pairing | None: ...
    async def pending(self) -> list[Pairing]: ...
    async def revoke(self, subject: str) -> Member | None: ...
    async def members(self) -> list[Member]: ...


class Access:
    """Decides on every message before anything of it is stored. left: told who was let out, in this process."""

    def __init__(
        self, grants: Grants, *, open: bool, admins: tuple[str, ...], now: Callable[[], float] = time.time
    ) -> None:
        self._grants = grants
        self.open = open  # to everybody
        self._admins = frozenset(admins)
        self._now = now
        self._told: dict[str, float] = {}
        self.left: list[Callable[[str], None]] = []

    async def allows(self, incoming: Incoming) -> bool:
        """Whether this message may be answered."""
        if not await self.outside([incoming]):
            return True
        says_approve = not incoming.address.private and incoming.text.startswith("/approve")
        return says_approve and await self.is_admin(incoming.author.subject)

    async def outside(self, messages: Iterable[Incoming]) -> set[str]:
        """Who is not let in of those by whose approval these messages came (`let_in_as`)."""
        asked = {let_in_as(incoming) for incoming in messages if not self._always(incoming)}
        return asked - await self._grants.among(asked) if asked else set()

    def _always(self, incoming: Incoming) -> bool:
        """On the page ACCESS=open lets nobody in: its login gives them a level, which they have until /revoke."""
        if self.open and incoming.address.platform != "web":
            return True
        return incoming.address.private and incoming.author.subject in self._admins

    async def refusal(self, incoming: Incoming) -> str:
        """What the author of a message that is not allowed is told; "" is silence."""
        if incoming.address.platform == "web":  # let out a moment ago: the page says that they are signed out
            return ""
        if not incoming.address.private:
            return await self._refuse_group(incoming)
        author = incoming.author
        if not self._may_tell(author.subject, urgent=bool(incoming.address.token)):
            return ""
        pairing = await self._grants.pairing(author.subject, author.name)
        hello = f"Hello {escaped(author.name)}!" if author.name else "Hello!"
        return (
            f"{hello} I only talk to people I have been introduced to.\n\n"
            f"Your id is `{author.subject}` and your code is `{pairing.code}`. Please give the code to whoever runs "
            f"this bot: they let you in with `/approve {pairing.code}`. Then write to me again."
        )

    async def is_admin(self, subject: str) -> bool:
        return subject in self._admins or await self._grants.level(subject) == "admin"

    async def pending(self) -> list[Pairing]:
        """Who asked to be let in and still waits."""
        return await self._grants.pending()

    async def approve(self, code: str, by: str) -> str:
        """Let in the person with this code; returns their name. UserError when the code is not valid."""
        pairing = await self._grants.admit(code, by=by)
        if pairing is None:
            raise UserError("That code is unknown or has run out. The person gets a new one by writing to me again.")
        return pairing.name or pairing.subject

    async def approve_group(self, incoming: Incoming) -> None:
        """Let in everybody in the group or server of this message."""
        if incoming.address.private:
            raise UserError("Send the code with it: /approve CODE. In a group, /approve alone lets the group in.")
        await self._grants.grant(space_of(incoming.address), "member", by=incoming.author.subject)

    async def members(self) -> list[Member]:
        """Everybody and every group that was let in, not those who are named in ADMINS."""
        return await self._grants.members()

    async def revoke(self, subject: str) -> Member:
        """Let a person or a group out ("telegram:123", as `members` has it). UserError when that cannot be."""
        subject = "".join(subject.replace("`", "").split())
        if subject in self._admins:
            raise UserError(f"`{subject}` is named in ADMINS: take it out there, and start me anew.")
        member = await self._grants.revoke(subject)
        if member is None:
            raise UserError(
                f"Nobody is let in as “{escaped(subject[:60])}”. In a private chat, /revoke alone lists who is."
            )
        for told in self.left:
            told(member.subject)
        return member

    async def _refuse_group(self, incoming: Incoming) -> str:
        if await self.is_admin(incoming.author.subject):
            return "This group is not approved yet. Send /approve here, and everybody in it can talk to me."
        if incoming.address.token:  # an interaction that nobody answers shows "thinking" for 15 minutes
            return "I have not been approved for this server. One of my admins can do it with /approve."
        return ""

    def _may_tell(self, subject: str, *, urgent: bool) -> bool:
        """Once a minute per person; an interaction always has to be answered."""
        now = self._now()
        self._told = {who: at for who, at in self._told.items() if at > now - TELL_AGAIN}
        if subject in self._told and not urgent:
            return False
        self._told[subject] = now
        return True


def let_in_as(incoming: Incoming) -> str:
    """Whose approval a message comes in by: its author's in private, else the group's or server's."""
    return incoming.author.subject if incoming.address.private else space_of(incoming.address)


def space_of(address: Address) -> str:
    """What is approved as one, in the form of the access table: "telegram:-100123"."""
    return f"{address.platform}:{address.space or address.chat}"
