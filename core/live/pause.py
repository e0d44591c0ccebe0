"""An answer that the process will not see the end of says so on screen; `Delivery.pause` marks it."""

from __future__ import annotations

from core.live.budget import Budget, Share
from core.live.screen import Screen
from core.surface import Out


async def mark(screen: Screen, budget: Budget, text: str, note: str) -> bool:
    """Put a note under the last message on screen: one call, made once. Returns whether it was made.

    Not when nothing is on screen, when the note does not fit there, or when the place must wait for a call.
    Raises what the surface raises.
    """
    due = screen.paused(text, note)
    if due is None or budget.wait(Share()) > 0:
        return False
    with budget.call():
        await screen.surface.edit(screen.pages[due.number].id, Out(due.rendered, due.number, final=False))
    return True
