"""`approve CODE` and `revoke WHO` from the command line, for who has the machine but no chat yet.

They do the same as the commands in a chat, while the bot runs or not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.access import Access
from core.commands import letting_out
from core.settings import Settings
from core.store import Store


async def approve(settings: Settings, code: str) -> str:
    """Let in the person with this code and return their name. UserError when the code is not valid."""
    async with _access(settings) as access:
        return await access.approve(code, by="command line")


async def revoke(settings: Settings, who: str) -> str:
    """Let a person or a group out; without one, list who is in. Returns what to say. UserError when it cannot be."""
    async with _access(settings) as access:
        if who:
            return letting_out.told(await access.revoke(who), open=access.open, markdown=False)
        return letting_out.listed(await access.members(), open=access.open, markdown=False)


@asynccontextmanager
async def _access(settings: Settings) -> AsyncIterator[Access]:
    store = await Store.open(settings.database)
    try:
        yield Access(store.access, open=settings.access == "open", admins=settings.admins)
    finally:
        await store.close()
