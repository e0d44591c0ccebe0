"""One answer on its way through the models that may give it. `core.model.router` keeps a `Run` for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.model.breaker import Breaker
from core.model.room import Room
from core.model.seam import Model
from core.types import Delta

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


@dataclass(eq=False, slots=True)
class Rung:
    """One model of the order. label: what admins read. room: how much it reads at once."""

    model: Model
    label: str
    breaker: Breaker
    room: Room = field(default_factory=Room)

    @property
    def name(self) -> str:
        return self.model.status().name


@dataclass(slots=True)
class Run:
    """One answer under way: what it has said, who has failed how often, and until when it may be tried."""

    said: list[str]
    failures: dict[Rung, int] = field(default_factory=dict)
    skipped: set[Rung] = field(default_factory=set)
    until: float | None = None
    began: float = 0.0
    began_with: str = ""  # what was said when the last try began
    tries: int = 0
    longest: str = ""  # text that is void by now
    length: int = 0
    most: int = 0
    thought: bool = False
    first: Rung | None = None  # that its asker has chosen
    prompts: dict[Rung, list[BaseMessage]] = field(default_factory=dict)  # cut to what each of them reads
    lengths: dict[Rung, int] = field(default_factory=dict)  # tokens of the answer for which each of them has room
    too_long: set[Rung] = field(default_factory=set)  # for which even the question alone is

    def take(self, delta: Delta) -> None:
        """Only what goes beyond all that was said before shows that it is getting on."""
        if delta.anew:
            if self.text.strip() not in delta.thought:  # else it was no text: the model was thinking
                self.longest = max(self.longest, self.text, key=len)
            self.said.clear()
            self.length = 0
        if not delta.text:
            self.thought = self.thought or bool(delta.thought)
            return
        self.said.append(delta.text)
        self.length += len(delta.text)
        if self.length > self.most:
            self.most = self.length
            self.failures.clear()
            self.until = None

    @property
    def text(self) -> str:
        return "".join(self.said)
