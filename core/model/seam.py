"""What the core knows of a model: its status, and a stream of text. The endpoint is one, the embedded model another."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from core.types import Delta

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


@dataclass(frozen=True, slots=True)
class Status:
    """How a model is doing, in words for a page or a log.

    name: what a person calls it. note: one sentence: what it waits for, or what is wrong and the cure; when ready,
    how to get a better one ("" when there is no need). done, total: bytes of a download, 0/0 when there is none.
    """

    name: str
    ready: bool
    note: str = ""
    done: int = 0
    total: int = 0


class Model(Protocol):
    """Something that answers a list of messages with a stream of text."""

    @property
    def context_tokens(self) -> int | None:
        """The most tokens of messages that it may be sent, by the model's own measure; None: no limit of its own."""

    def status(self) -> Status: ...

    async def start(self) -> None:
        """Begin getting ready in the background and return at once. A second call does nothing."""

    def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        """Wait until ready, then yield pieces of text, and a last Delta with the finish reason and the usage.

        said: what was said already of this answer, by an earlier process or before an interruption. Where the endpoint
        can, the deltas go on from there, without a word lost or doubled; else one with `anew` comes first. A delta
        with `anew` may come in the middle, too, when an answer broke off and could only be begun again.
        Raises only ModelError subclasses or CancelledError. Closing the generator or cancelling the task ends the
        request upstream at once; a stream that ends without a finish reason raises ModelCut.
        """
        ...

    async def close(self) -> None:
        """Stop everything that `start` began. Streams that still run are cut."""


@runtime_checkable
class Offers(Protocol):
    """A Model among whose models people may choose, with `Asking.parameters`."""

    def choices(self) -> Sequence[str]:
        """The names, the one that answers by default first."""
        ...


def choices(model: Model) -> Sequence[str]:
    """The models that people may choose, the default first; () when there is no choice."""
    return model.choices() if isinstance(model, Offers) else ()
