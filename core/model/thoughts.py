"""What a reasoning model thinks before it answers, told apart from its answer. `Reading` asks here for every chunk.

DeepSeek, Qwen and llama.cpp send `reasoning_content`; OpenRouter, Groq, Ollama and vLLM send `reasoning`, OpenRouter
also `reasoning_details` with the same text; Mistral sends its content in parts (`core.model.parts`); models on one's
own machine often write <think> into their text, or, when their chat template has it in the prompt, only </think>.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.types import Delta

FIELDS = ("reasoning_content", "reasoning")
CLOSE = "</think>"
FIRST = 2  # answers in a row that show an endpoint's habit, from its first one
LOOKED_AT = 8  # closing tags: each look reads all of the text
LATER = 5  # of them, once an answer was without
_TAGS = {"<think>": CLOSE, "<thinking>": "</thinking>", "[THINK]": "[/THINK]"}
_OPEN = re.compile("|".join(map(re.escape, _TAGS)))
_FENCE = re.compile(r"^[ \t]*(```|~~~)", re.MULTILINE)
_SPOKEN_OF = re.compile(r"""[ \t"'`“”‘’«(\[{<*_]\Z""")  # what stands before a tag that is named, not used


def thought(fields: Mapping[str, Any]) -> str:
    """The thoughts in the fields of a delta that are not its text; "" when there are none."""
    for name in FIELDS:
        if text := fields.get(name):
            return text if isinstance(text, str) else ""
    return of_details(fields.get("reasoning_details"))


def of_details(details: Any) -> str:
    """The text of `reasoning_details`: https://openrouter.ai/docs/guides/best-practices/reasoning-tokens."""
    if not isinstance(details, list):
        return ""
    parts = [row.get("text") or row.get("summary") for row in details if isinstance(row, dict)]
    return "".join(part for part in parts if isinstance(part, str))


class Habit:
    """Whether an endpoint's answers begin with thoughts that only </think> ends, learned from answer after answer.

    Never from one: anybody can have </think> written into an answer, and all chats share their endpoint.
    """

    def __init__(self) -> None:
        self.known = False
        self._in_a_row = 0
        self._needed = FIRST

    def learn(self, thinks: bool | None) -> None:
        """thinks: see `Tags`, of an answer that has ended."""
        if thinks is None:
            return
        self._in_a_row = self._in_a_row + 1 if thinks else 0
        if not thinks:
            self._needed = LATER
        self.known = self._in_a_row >= self._needed


class Tags:
    """Takes <think>...</think> at the beginning of a text for thoughts. `over`: there can be no more of them.

    thinks: whether this endpoint is known to send only </think> (see `Habit`); then its text begins with thoughts, and
    what never ends as such is given back as text, by a delta with `anew`. Of any other, </think> within its text is
    text. `thinks` afterwards: whether this answer looks as if it did so, None when that did not show.
    """

    def __init__(self, *, thinks: bool = False) -> None:
        self.over = False
        self.thinks: bool | None = None
        self._said: list[str] = []  # what was passed on
        self._held = ""
        self._close = CLOSE if thinks else ""  # what ends the thoughts, while they last
        self._believed = thinks  # no tag has shown it
        self._begun = False
        self._after = False

    def feed(self, text: str) -> list[Delta]:
        """What a piece of text makes certain: thoughts, and the beginning of the answer."""
        if self._begun and not (self._held or self._close or self._after):
            return self._passed(text, thought=False)
        self._held += text
        if not self._begun and not self._begins():
            return []
        found = self._think() if self._close else self._say() if not self._after else []
        if self._after and (rest := self._held.lstrip()):
            self._held, self.over = "", True
            found.append(Delta(rest))
        return found

    def told(self) -> list[Delta]:
        """The thoughts come in a field of their own: the text is text, also what was taken for thoughts or held."""
        if self.over or self._after or (self._close and not self._believed):
            return []
        found = self._given_back() if self._believed else self._say()
        self._believed, self._close, self.over, self.thinks = False, "", True, False
        return found

    def end(self, *, cut: bool = False) -> list[Delta]:
        """What is still held when nothing more comes. cut: the answer was longer than it may be."""
        if self._after or self.over:
            return []
        if self._believed:
            self.thinks = None if cut else False
            return self._given_back()
        if self._close:
            held, self._held = self._held, ""
            return [Delta(thought=held)] if held else []
        found = self._say()
        if said := "".join(self._said):
            self.thinks = _ends_thoughts(said) or (None if cut else False)
        return found

    def _given_back(self) -> list[Delta]:
        """All of it as text, that was taken for thoughts."""
        text, self._held = "".join([*self._said, self._held]), ""
        return [Delta(text, anew=bool(self._said))] if text else []

    def _begins(self) -> bool:
        """Whether it is certain how the text begins: without a tag it is left as it is, with its leading blanks."""
        start = self._held.lstrip()
        if found := _OPEN.match(start):
            self._close, self._believed = _TAGS[found[0]], False
            self._held = start[found.end() :].lstrip()
            self._begun = True
        elif start.startswith(CLOSE) and not self._close:  # thoughts of no length, when anything follows
            if rest := start[len(CLOSE) :].lstrip():
                self._begun, self._after, self._held = True, True, rest
        elif start:
            self._begun = start.startswith(CLOSE) or not any(tag.startswith(start) for tag in (*_TAGS, CLOSE))
        return self._begun

    def _say(self) -> list[Delta]:
        text, self._held = self._held, ""
        return self._passed(text, thought=False)

    def _think(self) -> list[Delta]:
        thoughts, closed, rest = self._held.partition(self._close)
        if closed:
            if self._believed:
                self.thinks, self._believed = True, False
            self._close, self._after, self._held = "", True, rest
            return [Delta(thought=thoughts.rstrip())] if thoughts.strip() else []
        sure = thoughts[: len(thoughts) - _beginning(thoughts, self._close)].rstrip()  # blanks may be the last
        self._held = thoughts[len(sure) :]
        return self._passed(sure, thought=True)

    def _passed(self, text: str, *, thought: bool) -> list[Delta]:
        if not text:
            return []
        self._said.append(text)
        return [Delta(thought=text) if thought else Delta(text)]


def _beginning(text: str, tag: str) -> int:
    """How many characters at the end of a text may be the beginning of this tag."""
    return next(n for n in range(min(len(tag) - 1, len(text)), -1, -1) if text.endswith(tag[:n]))


def _ends_thoughts(text: str) -> bool:
    """Whether one of the closing tags in a text looks as if all before it was thought."""
    at = -1
    for _ in range(LOOKED_AT):
        at = text.find(CLOSE, at + 1)
        if at < 0 or _is_used(text[:at]):
            break
    else:
        return False
    return at >= 0


def _is_used(before: str) -> bool:
    """Whether a closing tag after this text ends thoughts, and is not one that the text speaks of or shows as code."""
    line = before.rpartition("\n")[2]
    named = bool(line.strip()) and _SPOKEN_OF.search(line) is not None
    return not named and "<think" not in before and len(_FENCE.findall(before)) % 2 == 0
