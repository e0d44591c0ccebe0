"""Messages that the complete answer does not need are taken away; `Delivery` has it done at the end."""

from __future__ import annotations

from core.errors import PlatformError
from core.live.journal import Journal
from core.live.screen import Screen
from core.live.tasks import unbroken
from core.observe.log import get_logger

log = get_logger(__name__)


async def drop_surplus(screen: Screen, journal: Journal) -> None:
    """Raises Fenced when another answer owns them by now; what cannot be deleted stays."""
    surplus = screen.surplus
    for page in surplus:
        await journal.ours()
        try:
            await unbroken(screen.surface.delete(page.id))
        except PlatformError as error:
            log.warning("could not delete a surplus page", error=repr(error))
    if surplus:
        await journal.dropped(screen.needed)
