"""What came of asking the model for one answer. `core.chat` fills it in, shows it, and keeps it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.errors import ModelError, UserError
from core.live.thoughts import Thoughts, quoted
from core.quota import Ask
from core.safety import Valves
from core.safety.valves import TAKEN_BACK
from core.types import Delta, Turn, Usage, with_note

# Why a model ended that had more to say, and what its user can do.
CUT_SHORT = {
    "length": "The answer has reached its longest length. Press Continue, or write “go on”, to have more.",
    "endless": "This answer was longer than any should be, as if it would never end, so I have ended it here.",
    "content_filter": "The model's filter has ended this answer. Please put it differently.",
}
STILL_THINKING = "I was still thinking when the answer reached its longest length. /set length allows more."
NOTHING = "Stopped before anything was said."


@dataclass(slots=True)
class Said:
    """state: "done", "stopped" or "failed"; note: for the user, not for history; finish: why the model ended."""

    ask: Ask
    thoughts: Thoughts
    text: str = ""
    state: str = "done"
    note: str = ""
    finish: str = ""
    usage: Usage | None = None
    model: str = ""

    def take(self, delta: Delta) -> None:
        """One piece of the stream; it is on its way to the screen when this returns."""
        self.text = delta.text if delta.anew else self.text + delta.text
        self.usage = delta.usage or self.usage
        self.note = CUT_SHORT.get(delta.finish, self.note) or delta.note
        self.model = delta.model or self.model
        self.finish = delta.finish or self.finish
        self.thoughts.feed(delta)

    def check(self, valves: Valves) -> None:
        """The model has ended. Raises what is wrong with the whole answer; one that may not stay is dropped."""
        if not self.readable:
            if self.finish == "endless":
                raise UserError(CUT_SHORT["endless"])
            still_thinking = self.thoughts.any and self.finish == "length"
            raise UserError(STILL_THINKING) if still_thinking else ModelError("the model said nothing")
        if not valves.answer(self.text):
            self.text = ""
            self.thoughts.drop()
            raise UserError(TAKEN_BACK)

    def ended(self, turn: Turn) -> Turn:
        """The turn as this ends it."""
        return replace(turn, answer=self.text, state=self.state, note=self.note, finish=self.finish)

    def remember(self, turn: Turn) -> bool:
        """Take what an earlier process had of this answer, if that was all of it (`Turns.told`). False when not."""
        if turn.state != "open" or not turn.finish:
            return False
        self.text, self.note = turn.answer, turn.note
        if turn.finish in {"stopped", "failed"}:
            self.state = turn.finish
        else:
            self.finish = turn.finish
        return True

    @property
    def why(self) -> str:
        """Why it ended, in one word that is never empty."""
        return (self.finish or "stop") if self.state == "done" else self.state

    @property
    def readable(self) -> bool:
        return any(character.isprintable() and not character.isspace() for character in self.text)

    def complete(self) -> str:
        """The whole message as the user shall see it in the end."""
        answer = with_note(self.text, self.note) if self.text.strip() or self.note else NOTHING
        return quoted(self.thoughts.text) + answer
