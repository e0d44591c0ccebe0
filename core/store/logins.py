"""Logins to the web page: a one-time link becomes a cookie. Only the sha256 of a token is ever stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from core.store.database import Database, Transaction

YEAR = 365 * 24 * 3600.0


class Logins:
    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    async def mint(self, person: str, *, ttl: float = 3600.0) -> str:
        """A token for a link that works once, within `ttl` seconds."""

        async def work(tx: Transaction) -> str:
            now = self._now()
            await tx.execute("DELETE FROM logins WHERE expires <= :now", now=now)
            return await _issue(tx, "link", person, now + ttl)

        return await self._db.write(work)

    async def waits(self, token: str) -> bool:
        """Whether a link's token can still be used. It is not used up by asking."""
        rows = await self._db.read(
            "SELECT 1 FROM logins WHERE hash = :hash AND kind = 'link' AND expires > :now",
            hash=hashed(token),
            now=self._now(),
        )
        return bool(rows)

    async def redeem(self, token: str) -> tuple[str, str] | None:
        """Use a link's token up: (person, cookie token valid for one year). None when unknown, used or expired."""

        async def work(tx: Transaction) -> tuple[str, str] | None:
            rows = await tx.fetch(
                "DELETE FROM logins WHERE hash = :hash AND kind = 'link' AND expires > :now RETURNING person",
                hash=hashed(token),
                now=self._now(),
            )
            if not rows:
                return None
            person: str = rows[0]["person"]
            return person, await _issue(tx, "cookie", person, self._now() + YEAR)

        return await self._db.write(work)

    async def person(self, cookie: str) -> str | None:
        """Whose cookie this is; None when it is unknown, revoked or expired."""
        rows = await self._db.read(
            "SELECT person FROM logins WHERE hash = :hash AND kind = 'cookie' AND expires > :now",
            hash=hashed(cookie),
            now=self._now(),
        )
        return rows[0]["person"] if rows else None

    async def revoke(self, cookie: str) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute("DELETE FROM logins WHERE hash = :hash", hash=hashed(cookie))

        await self._db.write(work)


async def _issue(tx: Transaction, kind: str, person: str, expires: float) -> str:
    token = secrets.token_urlsafe(32)
    await tx.execute(
        "INSERT INTO logins (hash, kind, person, expires) VALUES (:hash, :kind, :person, :expires)",
        hash=hashed(token),
        kind=kind,
        person=person,
        expires=expires,
    )
    return token


def hashed(token: str) -> str:
    """What is kept of a link's or a cookie's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
