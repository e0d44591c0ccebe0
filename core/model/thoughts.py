"""What a reasoning model thinks before it answers, told apart from its answer. `Reading` asks here for every chunk.

DeepSeek, Qwen and llama.cpp send `reasoning_content`; OpenRouter, Groq, Ollama and vLLM send `reasoning`, OpenRouter
also `reasoning_details` with the same text; models on one's own machine often write <think> into their text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.types import Delta

FIELDS = ("reasoning_content", "reasoning")
_TAGS = {"<think>": "</think>", "<thinking>": "</thinking>"}
_OPEN = re.compile("|".join(_TAGS))


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


class Tags:
    """Takes <think>...</think> at the beginning of a text for thoughts. `over`: there can be no more of them."""

    def __init__(self) -> None:
        self.over = False
        self._held = ""
        self._close = ""  # what ends the thoughts, while they last
        self._after = False

    def feed(self, text: str) -> list[Delta]:
        """What a piece of text makes certain: thoughts, and the beginning of the answer."""
        self._held += text
        found: list[Delta] = []
        if not self._close and not self._after and self._begins_otherwise():
            return self.end()
        if self._close:
            found = self._think()
        if self._after and (rest := self._held.lstrip()):
            self._held, self.over = "", True
            found.append(Delta(rest))
        return found

    def end(self) -> list[Delta]:
        """What is still held when nothing more comes."""
        held, self._held = self._held, ""
        if self._after or not held:
            return []
        return [Delta(thought=held) if self._close else Delta(held)]

    def _begins_otherwise(self) -> bool:
        """Whether the text does not begin with a tag: then it is left as it is, with its leading blanks."""
        start = self._held.lstrip()
        if found := _OPEN.match(start):
            self._close = _TAGS[found[0]]
            self._held = start[found.end() :].lstrip()
        elif start:
            self.over = not any(tag.startswith(start) for tag in _TAGS)
        return self.over

    def _think(self) -> list[Delta]:
        thoughts, closed, rest = self._held.partition(self._close)
        if closed:
            self._close, self._after, self._held = "", True, rest
            return [Delta(thought=thoughts.rstrip())] if thoughts.strip() else []
        keep = next(n for n in range(len(self._close) - 1, -1, -1) if thoughts.endswith(self._close[:n]))
        self._held = thoughts[len(thoughts) - keep :]
        thoughts = thoughts[: len(thoughts) - keep]
        return [Delta(thought=thoughts)] if thoughts else []
