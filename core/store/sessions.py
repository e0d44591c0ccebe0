"""Sessions: conversations with a history of their own. Each key (chat, thread, user) has one current session."""

from __future__ import annotations

import builtins
import secrets
from collections.abc import Callable
from dataclasses import replace

from core.errors import UserError
from core.store.database import Database, Record, Transaction, Value
from core.store.inbox import drop
from core.types import Session, SessionKey

CURRENT = "SELECT s.* FROM current_sessions c JOIN sessions s ON s.id = c.session WHERE c.key = :key"
CHOSEN = ("model", "temperature", "length")
INHERITED = ("role", "role_prompt", "language", "streaming", *CHOSEN)
ROLE = "assistant"
NEW: dict[str, Value] = {
    "role": ROLE,
    "role_prompt": "",
    "language": "",
    "streaming": 1,
    "model": "",
    "temperature": None,
    "length": None,
}


class Sessions:
    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    async def find(self, key: SessionKey) -> Session | None:
        """The key's current session, if it has one."""
        rows = await self._db.read(CURRENT, key=str(key))
        return _session(rows[0]) if rows else None

    async def current(self, key: SessionKey, *, role: str = ROLE) -> Session:
        """The key's current session; one with `role` is made if there is none."""
        if found := await self.find(key):
            return found

        async def work(tx: Transaction) -> Session:
            rows = await tx.fetch(CURRENT, key=str(key))
            return _session(rows[0]) if rows else await self._make(tx, key, {**NEW, "role": role})

        return await self._db.write(work)

    async def new(self, key: SessionKey) -> Session:
        """A new current session, with what was chosen in the previous one."""

        async def work(tx: Transaction) -> Session:
            rows = await tx.fetch(CURRENT, key=str(key))
            return await self._make(tx, key, {name: rows[0][name] for name in INHERITED} if rows else NEW)

        return await self._db.write(work)

    async def list(self, key: SessionKey, limit: int = 20, *, skip: int = 0) -> builtins.list[Session]:
        """The key's sessions, most recently updated first, without the first `skip` of them."""
        rows = await self._db.read(
            "SELECT * FROM sessions WHERE key = :key ORDER BY updated DESC, number DESC LIMIT :limit OFFSET :skip",
            key=str(key),
            limit=limit,
            skip=skip,
        )
        return [_session(row) for row in rows]

    async def count(self, key: SessionKey) -> int:
        """How many sessions the key has."""
        rows = await self._db.read("SELECT COUNT(*) AS sessions FROM sessions WHERE key = :key", key=str(key))
        return int(rows[0]["sessions"])

    async def of_chat(self, platform: str, bot: str, chat: str, limit: int = 200) -> builtins.list[Session]:
        """The sessions of all threads of one chat, most recently updated first."""
        rows = await self._db.read(
            "SELECT * FROM sessions WHERE platform = :platform AND bot = :bot AND chat = :chat "
            "ORDER BY updated DESC, number DESC LIMIT :limit",
            platform=platform,
            bot=bot,
            chat=chat,
            limit=limit,
        )
        return [_session(row) for row in rows]

    async def get(self, id: str) -> Session | None:
        rows = await self._db.read("SELECT * FROM sessions WHERE id = :id", id=id)
        return _session(rows[0]) if rows else None

    async def switch(self, id: str) -> Session:
        """Make it its key's current session. Raises UserError when it is gone."""

        async def work(tx: Transaction) -> Session:
            session = _one(await tx.fetch("SELECT * FROM sessions WHERE id = :id", id=id))
            await _make_current(tx, session)
            return session

        return await self._db.write(work)

    async def move(self, platform: str, bot: str, old: str, new: str) -> None:
        """A chat has another id now (a group became a supergroup): its sessions go on there."""

        async def work(tx: Transaction) -> None:
            there = {"platform": platform, "bot": bot}
            found = await tx.fetch(
                "SELECT DISTINCT key FROM sessions WHERE platform = :platform AND bot = :bot AND chat = :old",
                old=old,
                **there,
            )
            for row in found:
                key, moved = row["key"], str(replace(SessionKey.parse(row["key"]), chat=new))
                await tx.execute(
                    "UPDATE sessions SET key = :moved, chat = :new WHERE key = :key", moved=moved, new=new, key=key
                )
                await tx.execute("DELETE FROM current_sessions WHERE key = :moved", moved=moved)
                await tx.execute("UPDATE current_sessions SET key = :moved WHERE key = :key", moved=moved, key=key)

        await self._db.write(work)

    async def set(
        self,
        id: str,
        *,
        title: str | None = None,
        role: str | None = None,
        role_prompt: str | None = None,
        language: str | None = None,
        streaming: bool | None = None,
    ) -> Session:
        """Change what is not None; `updated` stays, it is the last turn's time. Raises UserError when it is gone."""

        async def work(tx: Transaction) -> Session:
            return _one(
                await tx.fetch(
                    "UPDATE sessions SET title = COALESCE(:title, title), role = COALESCE(:role, role), "
                    "role_prompt = COALESCE(:role_prompt, role_prompt), language = COALESCE(:language, language), "
                    "streaming = COALESCE(:streaming, streaming) WHERE id = :id RETURNING *",
                    id=id,
                    title=title,
                    role=role,
                    role_prompt=role_prompt,
                    language=language,
                    streaming=None if streaming is None else int(streaming),
                )
            )

        return await self._db.write(work)

    async def tune(self, was: Session, now: Session) -> Session:
        """Change the model, temperature and length of a session where `now` has others than `was`.

        Raises UserError when it is gone.
        """

        async def work(tx: Transaction) -> Session:
            rows = await tx.fetch("SELECT * FROM sessions WHERE id = :id", id=was.id)
            found = _one(rows)
            new = {name: getattr(now if getattr(now, name) != getattr(was, name) else found, name) for name in CHOSEN}
            return _one(
                await tx.fetch(
                    "UPDATE sessions SET model = :model, temperature = :temperature, length = :length WHERE id = :id "
                    "RETURNING *",
                    id=was.id,
                    **new,
                )
            )

        return await self._db.write(work)

    async def skip(self, id: str, first: int) -> None:
        """The model is sent no turn before `first` any more, except from one on that is still being answered."""

        async def work(tx: Transaction) -> None:
            await tx.execute(
                "UPDATE sessions SET first = MAX(first, (SELECT COALESCE(MIN(seq), :first) FROM turns "
                "WHERE session = :id AND state = 'open' AND seq < :first)) WHERE id = :id",
                id=id,
                first=first,
            )

        await self._db.write(work)

    async def fold(self, session: Session, upto: int, summary: str) -> bool:
        """`summary` speaks of the turns up to `upto`, and they are sent no more.

        False, and nothing is changed, when the summary is not the one that `session` was read with.
        """

        async def work(tx: Transaction) -> bool:
            rows = await tx.fetch(
                "UPDATE sessions SET summary = :summary, folded = :upto, first = MAX(first, :upto + 1) "
                "WHERE id = :id AND folded = :was_folded AND summary = :was RETURNING id",
                id=session.id,
                summary=summary,
                upto=upto,
                was_folded=session.folded,
                was=session.summary,
            )
            return bool(rows)

        return await self._db.write(work)

    async def forget(self, id: str) -> None:
        """Drop the summary; the turns that it spoke of are not sent again."""

        async def work(tx: Transaction) -> None:
            await tx.execute("UPDATE sessions SET summary = '' WHERE id = :id", id=id)

        await self._db.write(work)

    async def delete(self, id: str) -> None:
        """Delete it with its turns, the text of their answers, and the questions to it that wait.

        Its key gets a new one at the next `current`.
        """

        async def work(tx: Transaction) -> None:
            await drop(tx, id)
            await tx.execute(
                "UPDATE deliveries SET text = '' WHERE inbox_row IN (SELECT inbox_row FROM turns WHERE session = :id)",
                id=id,
            )
            await tx.execute(
                "DELETE FROM doubts WHERE inbox_row IN (SELECT inbox_row FROM turns WHERE session = :id)", id=id
            )
            await tx.execute("DELETE FROM sessions WHERE id = :id", id=id)

        await self._db.write(work)

    async def _make(self, tx: Transaction, key: SessionKey, settings: dict[str, Value]) -> Session:
        rows = await tx.fetch(
            "INSERT INTO sessions (id, key, platform, bot, chat, title, role, role_prompt, language, streaming, "
            "model, temperature, length, created, updated) VALUES (:id, :key, :platform, :bot, :chat, '', :role, "
            ":role_prompt, :language, :streaming, :model, :temperature, :length, :now, :now) RETURNING *",
            id=secrets.token_hex(12),
            key=str(key),
            platform=key.platform,
            bot=key.bot,
            chat=key.chat,
            now=self._now(),
            **settings,
        )
        session = _one(rows)
        await _make_current(tx, session)
        return session


async def _make_current(tx: Transaction, session: Session) -> None:
    await tx.execute(
        "INSERT INTO current_sessions (key, session) VALUES (:key, :session) "
        "ON CONFLICT (key) DO UPDATE SET session = excluded.session",
        key=str(session.key),
        session=session.id,
    )


def gone() -> UserError:
    return UserError("That conversation is no longer there.")


def _one(rows: list[Record]) -> Session:
    if not rows:
        raise gone()
    return _session(rows[0])


def _session(row: Record) -> Session:
    return Session(
        id=row["id"],
        key=SessionKey.parse(row["key"]),
        title=row["title"],
        role=row["role"],
        role_prompt=row["role_prompt"],
        language=row["language"],
        streaming=bool(row["streaming"]),
        created=row["created"],
        updated=row["updated"],
        first=row["first"],
        folded=row["folded"],
        summary=row["summary"],
        model=row["model"],
        temperature=row["temperature"],
        length=row["length"],
    )
