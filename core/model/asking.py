"""Who asks the model and what it may use, carried beside a request through retries and fallbacks.

`core.chat` sets it in the task that reads an answer; `core.model.metered` reads it and notes there what was used.
Work that nobody asked for (a summary, say) needs to set nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from core.types import Usage


@dataclass(frozen=True, slots=True)
class Spent:
    """What one request used. estimated: the endpoint did not say, so it was counted from the text."""

    model: str
    usage: Usage
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Parameters:
    """How an answer is to be made. model: one of `Model.choices`, "" for the best. length: its tokens at most.

    None: the model's own.
    """

    model: str = ""
    temperature: float | None = None
    length: int | None = None


@dataclass(slots=True)
class Asking:
    """One answer's way through the model.

    user: whom the queue is fair to. scope: where this answer may be given again ("" nowhere). anew: give no old answer.
    most: the tokens that the answer may have; None when nothing limits it.
    firm: `most` is all there is, so the endpoint itself is told to end there. model: whose prices `most` is by.
    more: asks for a share by the prices of the model that it is given, when the answer is longer than its share, or
    another model answers; it sets `most`, or raises what ends the answer.
    place: hears the place in the queue while it waits (1 is next), and 0 when it is its turn.
    parameters: how it is to be made. said: tokens of the answer so far. spent: what each request used, as they end.
    """

    user: str = ""
    scope: str = ""
    anew: bool = False
    most: int | None = None
    firm: bool = False
    model: str = ""
    more: Callable[[str], Awaitable[None]] | None = None
    place: Callable[[int], None] | None = None
    parameters: Parameters = Parameters()
    said: int = 0
    spent: list[Spent] = field(default_factory=list)

    async def price_by(self, model: str) -> None:
        """This model is the one that answers: another than was thought may have other prices."""
        if self.more is not None and model != self.model:
            await self.more(model)


ASKING: ContextVar[Asking | None] = ContextVar("asking", default=None)


def asking() -> Asking:
    """Who asks just now; nobody in particular when nothing was set."""
    return ASKING.get() or Asking()
