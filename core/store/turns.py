"""Turns: the history. `core.chat` opens a turn before it asks the model and finishes it with the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.errors import UserError
from core.store.database import Database, Record, Transaction
from core.store.deliveries import close_delivery
from core.store.inbox import settle
from core.store.leases import Lease, holds
from core.store.ledger import Bill, pay, release
from core.store.sessions import gone
from core.types import Turn, Usage

TITLE = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: whose it is (a name, and the platform's id), the id of the message that asked it, a role for it."""

    author: str
    question: str
    asker: str
    message: str
    role: str


class Turns:
    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    async def open(
        self,
        row: int,
        lease: Lease,
        session: str,
        author: str,
        question: str,
        *,
        asker: str = "",
        message: str = "",
        role: str = "",
    ) -> Turn | None:
        """The turn that answers this inbox row: the one that exists (taken up after a crash), else a new one.

        asker, message: the platform's ids of who asks and of what they wrote. role: for this turn only. None when
        fenced. The first question gives the session its title. Raises UserError when the session is gone.
        """
        asked = Asked(author, question, asker, message, role)

        async def work(tx: Transaction) -> Turn | None:
            if not await holds(tx, lease):
                return None
            return await _of_row(tx, row) or await self._begin(tx, row, session, asked)

        return await self._db.write(work)

    async def reopen(
        self,
        row: int,
        lease: Lease,
        session: str,
        *,
        of: int = 0,
        asker: str = "",
        question: str | None = None,
        keep: bool = False,
    ) -> Turn | None:
        """Answer the newest finished turn of the row's lane anew: it is marked replaced, a new turn has its question.

        What others asked in the same group is left alone. None when fenced; once per row, like `open`.
        of: the inbox row of the turn that is meant; without it, the newest of `asker` ("": of anybody). question: what
        is asked instead. keep: begin with its answer.
        Raises UserError when there is no such turn, or it was replaced before.
        """

        async def work(tx: Transaction) -> Turn | None:
            if not await holds(tx, lease):
                return None
            if known := await _of_row(tx, row):
                return known
            old = await (_replace(tx, of) if of else _replace_newest(tx, row, session, asker))
            asked = Asked(old.author, old.question if question is None else question, old.asker, old.message, old.role)
            return await self._begin(tx, row, session, asked, begun=old if keep else None)

        return await self._db.write(work)

    async def of_row(self, row: int) -> Turn | None:
        """The turn that answers this inbox row, if one was opened."""
        return await self._db.write(lambda tx: _of_row(tx, row))

    async def recent(self, session: str, limit: int, *, since: int = 1) -> list[Turn]:
        """The newest `limit` turns from seq `since` on that are finished and not replaced, oldest first."""
        rows = await self._db.read(
            "SELECT * FROM turns WHERE session = :session AND seq >= :since AND replaced = 0 AND state <> 'open' "
            "ORDER BY seq DESC LIMIT :limit",
            session=session,
            since=since,
            limit=limit,
        )
        return [turn_of(row) for row in reversed(rows)]

    async def oldest_open(self, session: str) -> int | None:
        """The seq of the oldest turn that is still being answered."""
        rows = await self._db.read(
            "SELECT MIN(seq) AS oldest FROM turns WHERE session = :session AND state = 'open'", session=session
        )
        return rows[0]["oldest"] if rows else None

    async def all(self, session: str, limit: int = 200) -> list[Turn]:
        """The newest `limit` turns that are not replaced, also open ones, oldest first: what a person sees."""
        rows = await self._db.read(
            "SELECT * FROM turns WHERE session = :session AND replaced = 0 ORDER BY seq DESC LIMIT :limit",
            session=session,
            limit=limit,
        )
        return [turn_of(row) for row in reversed(rows)]

    async def told(self, lease: Lease, turn: Turn, finish: str) -> bool:
        """Keep the complete answer of a turn that is still open, while the last of it is on its way to the screen.

        After a crash it need not be had once more. finish: why it ended, never "". False when fenced.
        """

        async def work(tx: Transaction) -> bool:
            if not await holds(tx, lease):
                return False
            changed = await tx.execute(
                "UPDATE turns SET answer = :answer, note = :note, finish = :finish "
                "WHERE session = :session AND seq = :seq AND state = 'open'",
                answer=turn.answer,
                note=turn.note,
                finish=finish,
                session=turn.session,
                seq=turn.seq,
            )
            return changed == 1

        return await self._db.write(work)

    async def finish(
        self,
        row: int,
        lease: Lease,
        turn: Turn,
        *,
        answer: str,
        state: str,
        note: str = "",
        finish: str = "",
        model: str = "",
        thoughts: str = "",
        usage: Usage | None = None,
        bill: Bill | None = None,
    ) -> bool:
        """In one transaction: the turn and its delivery get the answer, the inbox row is done, the session updated.

        state: "done", "stopped" or "failed". bill: what it used, paid with it. False when fenced, or when the row was
        done before: nothing is written.
        """
        ended = replace(turn, answer=answer, state=state, note=note, finish=finish, model=model, thoughts=thoughts)

        async def work(tx: Transaction) -> bool:
            if not await settle(tx, row, lease):
                return False
            await self._write(tx, ended, usage)
            await close_delivery(tx, row)
            await (pay(tx, row, bill, self._now()) if bill else release(tx, row))
            return True

        return await self._db.write(work)

    async def _write(self, tx: Transaction, turn: Turn, usage: Usage | None) -> None:
        await tx.execute(
            "UPDATE turns SET answer = :answer, state = :state, note = :note, finish = :finish, model = :model, "
            "thoughts = :thoughts, prompt_tokens = :prompt, completion_tokens = :completion "
            "WHERE session = :session AND seq = :seq",
            answer=turn.answer,
            thoughts=turn.thoughts,
            state=turn.state,
            note=turn.note,
            finish=turn.finish,
            model=turn.model,
            prompt=usage.prompt if usage else None,
            completion=usage.completion if usage else None,
            session=turn.session,
            seq=turn.seq,
        )
        await tx.execute("UPDATE sessions SET updated = :now WHERE id = :id", now=self._now(), id=turn.session)

    async def _begin(self, tx: Transaction, row: int, session: str, asked: Asked, begun: Turn | None = None) -> Turn:
        now = self._now()
        counted = await tx.fetch(
            "UPDATE sessions SET turns = turns + 1, updated = :now, "
            "title = CASE WHEN title = '' THEN :title ELSE title END WHERE id = :session RETURNING turns",
            session=session,
            now=now,
            title=title_of(asked.question),
        )
        if not counted:
            raise gone()
        rows = await tx.fetch(
            "INSERT INTO turns (session, seq, inbox_row, author, question, asker, message, role, answer, thoughts, "
            "created) "
            "VALUES (:session, :seq, :row, :author, :question, :asker, :message, :role, :answer, :thoughts, :now) "
            "RETURNING *",
            session=session,
            seq=counted[0]["turns"],
            row=row,
            author=asked.author,
            question=asked.question,
            asker=asked.asker,
            message=asked.message,
            role=asked.role,
            answer=begun.answer if begun else "",
            thoughts=begun.thoughts if begun else "",
            now=now,
        )
        return turn_of(rows[0])


def title_of(question: str) -> str:
    """The first line that says something, at most 60 characters."""
    line = next((line for line in question.splitlines() if line.strip()), "")
    words = " ".join(line.split())
    return words if len(words) <= TITLE else words[: TITLE - 1].rstrip() + "…"


async def _replace(tx: Transaction, of: int) -> Turn:
    """Mark the finished turn of this inbox row replaced, and return it."""
    rows = await tx.fetch(
        "UPDATE turns SET replaced = 1 WHERE inbox_row = :of AND replaced = 0 AND state <> 'open' RETURNING *", of=of
    )
    if not rows:
        raise UserError("That answer is no longer there.")
    return turn_of(rows[0])


async def _replace_newest(tx: Transaction, row: int, session: str, asker: str) -> Turn:
    """A lane may be everybody's (GROUP_ORDER=session). Turns from before schema 5 do not know their asker."""
    rows = await tx.fetch(
        "UPDATE turns SET replaced = 1 WHERE session = :session AND seq = (SELECT MAX(seq) FROM turns "
        "WHERE session = :session AND replaced = 0 AND state <> 'open' "
        "AND (:asker = '' OR asker IN ('', :asker)) AND inbox_row IN "
        "(SELECT id FROM inbox WHERE lane = (SELECT lane FROM inbox WHERE id = :row))) RETURNING *",
        session=session,
        row=row,
        asker=asker,
    )
    if not rows:
        raise UserError("There is nothing to answer anew yet.")
    return turn_of(rows[0])


async def _of_row(tx: Transaction, row: int) -> Turn | None:
    rows = await tx.fetch("SELECT * FROM turns WHERE inbox_row = :row", row=row)
    return turn_of(rows[0]) if rows else None


def turn_of(row: Record) -> Turn:
    return Turn(
        session=row["session"],
        seq=row["seq"],
        author=row["author"],
        question=row["question"],
        answer=row["answer"],
        state=row["state"],
        replaced=bool(row["replaced"]),
        created=row["created"],
        model=row["model"],
        note=row["note"],
        finish=row["finish"],
        row=row["inbox_row"],
        asker=row["asker"],
        message=row["message"],
        role=row["role"],
        thoughts=row["thoughts"],
    )
