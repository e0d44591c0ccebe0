"""`approve CODE` from the command line: the same as /approve in a chat, for who has the machine but no chat yet."""

from __future__ import annotations

from core.access import Access
from core.settings import Settings
from core.store import Store


async def approve(settings: Settings, code: str) -> str:
    """Let in the person with this code and return their name. UserError when the code is not valid."""
    store = await Store.open(settings.database)
    try:
        access = Access(store.access, open=settings.access == "open", admins=settings.admins)
        return await access.approve(code, by="command line")
    finally:
        await store.close()
