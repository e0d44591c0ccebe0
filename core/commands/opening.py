"""Which turn a row of the inbox answers: a new one, or one in the place of an answer that is had anew."""

from __future__ import annotations

from core import context
from core.commands.table import parse
from core.store import Lease, Row
from core.store.turns import Turns
from core.types import Turn


async def open_turn(turns: Turns, row: Row, lease: Lease, session: str) -> Turn | None:
    """The row's turn, the same one however often it is asked for; None when fenced.

    Raises UserError when there is nothing to answer anew. The answer of a turn that is continued is in it already.
    """
    incoming, asked = row.incoming, context.question(row.incoming)
    who, message = incoming.author, incoming.address.reply_to
    if incoming.act == "edit" and await turns.of_row(incoming.of):
        return await turns.reopen(row.id, lease, session, of=incoming.of, question=asked)
    if incoming.act in {"retry", "continue"}:
        return await turns.reopen(row.id, lease, session, of=incoming.of, keep=incoming.act == "continue")
    if parse(incoming.text):  # the one command that asks the model: /retry
        return await turns.reopen(row.id, lease, session, asker=who.id)
    return await turns.open(row.id, lease, session, who.name, asked, asker=who.id, message=message, role=incoming.role)
