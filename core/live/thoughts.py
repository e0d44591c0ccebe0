"""The thoughts of a reasoning model above its answer: a quotation that each platform folds its own way, or nothing.

`core.chat` feeds every delta through one `Thoughts` per answer. In Markdown they are a code block with the language
`thinking`, so that pages cut and reopen it like any other.
"""

from __future__ import annotations

from core.live.delivery import Delivery
from core.live.markdown import THINKING
from core.live.tasks import loop_time
from core.types import Delta

HEAD, TAIL = f"~~~~~~~~{THINKING}\n", "\n~~~~~~~~\n\n"
LONGEST = 2500  # characters: more would push the answer off the first message
SHORT = 1.0  # seconds of thinking that need no placeholder
PLACEHOLDER = "💭 Thinking…"


def quoted(thoughts: str) -> str:
    """What stands above an answer that had these thoughts."""
    return f"{HEAD}{thoughts}{TAIL}" if thoughts else ""


def unquoted(text: str) -> tuple[str, str]:
    """The thoughts and the answer in what was shown; nothing of either when it had not come further than thoughts."""
    if not text.startswith(HEAD):
        return "", text
    thoughts, ended, answer = text.removeprefix(HEAD).partition(TAIL)
    return (thoughts, answer) if ended else ("", "")


class Thoughts:
    """shown: they are quoted above the answer; else a placeholder says that the model thinks.

    text: what is quoted; given at the start when an earlier part of the answer had thoughts.
    """

    def __init__(self, delivery: Delivery, *, shown: bool, text: str = "") -> None:
        self._delivery = delivery
        self._shown = shown
        self._answering = False
        self._since: float | None = None
        self._before = text
        self._begin()

    @property
    def any(self) -> bool:
        """Whether the model thought at all."""
        return self._since is not None

    def feed(self, delta: Delta) -> None:
        """Bring a piece of the stream to the delivery. Thoughts in the middle of an answer are left out."""
        if delta.anew:
            self._delivery.anew()
            self._begin()
        if delta.thought and not self._answering:
            self._think(delta.thought)
        if delta.text:
            if not self._answering and self.text:
                self._delivery.feed(TAIL)
            self._answering = True
            self._delivery.feed(delta.text)

    def drop(self) -> None:
        """The answer is void and shows nothing of what was thought."""
        self._before = ""
        self.feed(Delta(anew=True))

    def _begin(self) -> None:
        self.text, self._answering = self._before, False
        if self.text:
            self._delivery.feed(HEAD + self.text)

    def _think(self, thought: str) -> None:
        self._since = loop_time() if self._since is None else self._since
        if not self._shown:
            if loop_time() - self._since >= SHORT:
                self._delivery.meanwhile(PLACEHOLDER)
            return
        # No line of them may end the block.
        thought = (thought if self.text else thought.lstrip()).replace("~", "∼")
        room = LONGEST - len(self.text)
        if thought and room > 0:
            piece = thought if len(thought) <= room else thought[: room - 1] + "…"
            self._delivery.feed(piece if self.text else HEAD + piece)
            self.text += piece
