"""The text of a rich message (Bot API 10.1), which python-telegram-bot 22.8 hands over as plain JSON.

`incoming` uses it: people's own apps send such messages, and their `text` is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MEDIA = {
    "photo": "photo",
    "video": "video",
    "animation": "GIF",
    "audio": "audio",
    "voice_note": "voice message",
    "map": "location",
}


def text_of(message: Mapping[str, Any]) -> str:
    """The words of a RichMessage as Markdown where that is plain: lists, quotations, code and tables."""
    return _blocks(message.get("blocks") or ())


def media_of(message: Mapping[str, Any]) -> list[str]:
    """What else is in it, in words a user knows."""
    return [MEDIA[block["type"]] for block in _walk(message.get("blocks") or ()) if block.get("type") in MEDIA]


def _walk(blocks: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    for block in blocks:
        if isinstance(block, Mapping):
            yield block
            yield from _walk(block.get("blocks") or ())
            for item in block.get("items") or ():
                yield from _walk(item.get("blocks") or ())


def _blocks(blocks: Sequence[Any]) -> str:
    return "\n\n".join(text for block in blocks if isinstance(block, Mapping) and (text := _block(block)))


def _block(block: Mapping[str, Any]) -> str:
    kind = block.get("type")
    if kind == "pre":
        return f"```{block.get('language') or ''}\n{_inline(block.get('text'))}\n```"
    if kind == "heading":
        return f"# {_inline(block.get('text'))}"
    if kind == "mathematical_expression":
        return f"$${block.get('expression', '')}$$"
    if kind == "list":
        return "\n".join(_item(item) for item in block.get("items") or ())
    if kind == "table":
        return "\n".join(" | ".join(_inline(cell.get("text")) for cell in row) for row in block.get("cells") or ())
    if kind == "blockquote":
        return _lines("> ", "> ", _blocks(block.get("blocks") or ()))
    return _plain(block)


def _plain(block: Mapping[str, Any]) -> str:
    """Any other block: whatever words it has."""
    caption = block.get("caption")
    words = (
        _inline(block.get("summary")),
        _inline(block.get("text")),
        _blocks(block.get("blocks") or ()),
        _inline(caption.get("text") if isinstance(caption, Mapping) else caption),
    )
    return "\n\n".join(part for part in words if part)


def _item(item: Mapping[str, Any]) -> str:
    label = str(item.get("label") or "•")
    if item.get("has_checkbox"):
        label = "- [x]" if item.get("is_checked") else "- [ ]"
    return _lines(f"{label} ", "    ", _blocks(item.get("blocks") or ()))


def _lines(first: str, rest: str, text: str) -> str:
    return first + text.replace("\n", "\n" + rest)


def _inline(text: Any) -> str:
    """A RichText: a string, a list of them, or an object with its words under one of three names."""
    if isinstance(text, str):
        return text
    if isinstance(text, Mapping):
        for name in ("text", "expression", "alternative_text"):
            if name in text:
                return _inline(text[name])
        return ""
    return "".join(map(_inline, text)) if isinstance(text, Sequence) else ""
