"""Content that comes as a list of parts, as Mistral's reasoning models send it, made into texts of one kind each.

https://docs.mistral.ai/capabilities/reasoning/: {"type": "thinking", "thinking": [{"type": "text", "text": "..."}]},
then {"type": "text", "text": "..."}. `core.model.chunks` asks here for every chunk whose content is no text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

THOUGHTS = "reasoning"


def one_kind_each(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    """The chunk as several with one kind of text each, in their order; the last has what else it carried."""
    choice = _only(chunk.get("choices"))
    delta = choice.get("delta")
    if not isinstance(delta, dict) or not isinstance(delta.get("content"), list):
        return [chunk]
    texts = [{"choices": [{"delta": {field: text}}]} for field, text in _texts(delta["content"])]
    rest = chunk | {"choices": [{**choice, "delta": {**delta, "content": None}}]}
    carries = choice.get("finish_reason") or chunk.get("usage") or delta.keys() - {"content", "role"}
    return [*texts, rest] if carries or not texts else texts


def _only(choices: Any) -> dict[str, Any]:
    one = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
    return one if isinstance(one, dict) else {}


def _texts(parts: list[Any]) -> Iterator[tuple[str, str]]:
    for part in parts:
        if not isinstance(part, dict):
            continue
        kind = part.get("type")
        if kind == "text" and (text := _text(part.get("text"))):
            yield "content", text
        elif kind == "thinking" and (text := _text(part.get("thinking"))):
            yield THOUGHTS, text


def _text(value: Any) -> str:
    """A text, or the text of a list of parts."""
    if isinstance(value, list):
        return "".join(_text(part.get("text")) for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""
