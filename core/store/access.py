"""Who may talk to the bot, and the codes by which a stranger asks to be let in. `core.access` decides with it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass

from core.store.database import Database, Record, Transaction

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without 0 O 1 I L, which people confuse
LENGTH = 8
VALID = 24 * 3600.0
PENDING = 1000
AT_ONCE = 500  # subjects in one query


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody, or a space, that was let in. level: "admin" or "member"; name: "" for a space."""

    subject: str
    level: str
    name: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """A stranger's code. subject: "telegram:123", or a space such as "telegram:-100123"; expires: unix seconds."""

    code: str
    subject: str
    name: str
    expires: float


class AccessTable:
    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    async def level(self, subject: str) -> str | None:
        """ "admin", "member", or None."""
        rows = await self._db.read("SELECT level FROM access WHERE subject = :subject", subject=subject)
        return rows[0]["level"] if rows else None

    async def among(self, subjects: Collection[str]) -> set[str]:
        """Those of these people and spaces that are let in."""
        asked, found = list(subjects), set[str]()
        for start in range(0, len(asked), AT_ONCE):
            some = {f"s{number}": subject for number, subject in enumerate(asked[start : start + AT_ONCE])}
            names = ", ".join(f":{name}" for name in some)
            rows = await self._db.read(f"SELECT subject FROM access WHERE subject IN ({names})", **some)
            found |= {row["subject"] for row in rows}
        return found

    async def grant(self, subject: str, level: str, *, name: str = "", by: str = "") -> None:
        """Let a person or a space in ("admin" or "member"), or change its level. Its pending code is void."""

        await self._db.write(lambda tx: self._grant(tx, subject, level, name, by))

    async def _grant(self, tx: Transaction, subject: str, level: str, name: str, by: str) -> None:
        await tx.execute(
            "INSERT INTO access (subject, level, name, granted_by, granted) "
            "VALUES (:subject, :level, :name, :by, :now) ON CONFLICT (subject) DO UPDATE SET "
            "level = excluded.level, name = excluded.name, granted_by = excluded.granted_by, "
            "granted = excluded.granted",
            subject=subject,
            level=level,
            name=name,
            by=by,
            now=self._now(),
        )
        await tx.execute("DELETE FROM pairings WHERE subject = :subject", subject=subject)

    async def revoke(self, subject: str) -> Member | None:
        """Let a person or a space out; whoever is on the page is signed out everywhere. None: was not let in."""

        async def work(tx: Transaction) -> Member | None:
            rows = await tx.fetch("DELETE FROM access WHERE subject = :subject RETURNING *", subject=subject)
            platform, _, person = subject.partition(":")
            if platform == "web":
                await tx.execute("DELETE FROM logins WHERE person = :person", person=person)
            return _member(rows[0]) if rows else None

        return await self._db.write(work)

    async def members(self) -> list[Member]:
        """Everybody and every space that was let in, in the order in which they were."""
        return [_member(row) for row in await self._db.read("SELECT * FROM access ORDER BY granted, subject")]

    async def move(self, old: str, new: str) -> None:
        """A space has another id now; what was approved stays approved."""

        async def work(tx: Transaction) -> None:
            await tx.execute(
                "INSERT INTO access (subject, level, name, granted_by, granted) "
                "SELECT :new, level, name, granted_by, granted FROM access WHERE subject = :old "
                "ON CONFLICT (subject) DO NOTHING",
                old=old,
                new=new,
            )
            await tx.execute("DELETE FROM access WHERE subject = :old", old=old)

        await self._db.write(work)

    async def pairing(self, subject: str, name: str) -> Pairing:
        """The subject's valid code, else a new one. At most 1,000 are kept: the oldest make room."""

        async def work(tx: Transaction) -> Pairing:
            now = self._now()
            await tx.execute("DELETE FROM pairings WHERE expires <= :now", now=now)
            found = await tx.fetch("SELECT * FROM pairings WHERE subject = :subject", subject=subject)
            return _pairing(found[0]) if found else await _new_pairing(tx, subject, name, now + VALID)

        return await self._db.write(work)

    async def admit(self, code: str, *, by: str) -> Pairing | None:
        """Use a code up and let its person in; case, spaces and hyphens do not matter. None: unknown or expired."""
        plain = "".join(code.split()).replace("-", "").upper()

        async def work(tx: Transaction) -> Pairing | None:
            rows = await tx.fetch(
                "DELETE FROM pairings WHERE code = :code AND expires > :now RETURNING *", code=plain, now=self._now()
            )
            if not rows:
                return None
            pairing = _pairing(rows[0])
            await self._grant(tx, pairing.subject, "member", pairing.name, by)
            return pairing

        return await self._db.write(work)

    async def pending(self) -> list[Pairing]:
        """The valid codes, oldest first."""
        rows = await self._db.read("SELECT * FROM pairings WHERE expires > :now ORDER BY number", now=self._now())
        return [_pairing(row) for row in rows]


async def _new_pairing(tx: Transaction, subject: str, name: str, expires: float) -> Pairing:
    await tx.execute(
        "DELETE FROM pairings WHERE number NOT IN (SELECT number FROM pairings ORDER BY number DESC LIMIT :limit)",
        limit=PENDING - 1,
    )
    rows = await tx.fetch(
        "INSERT INTO pairings (code, subject, name, expires) VALUES (:code, :subject, :name, :expires) RETURNING *",
        code="".join(secrets.choice(ALPHABET) for _ in range(LENGTH)),
        subject=subject,
        name=name,
        expires=expires,
    )
    return _pairing(rows[0])


def _member(row: Record) -> Member:
    return Member(row["subject"], row["level"], row["name"])


def _pairing(row: Record) -> Pairing:
    return Pairing(row["code"], row["subject"], row["name"], row["expires"])
