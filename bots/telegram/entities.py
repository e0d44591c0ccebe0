"""Text with Telegram's entities: counted in UTF-16, cleaned and trimmed exactly as Telegram itself will do it.

`render` writes into a `Writer`; what comes out is what will stand on screen, so its size can be trusted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.live.text import units

# tdlib/td MessageEntity.cpp: further "user" entities are dropped silently, bold and italic first.
MOST_ENTITIES = 100
# What is lost first when there are more: emphasis. What the reader can neither guess nor copy without it comes first.
QUOTES = ("blockquote", "expandable_blockquote")
USEFUL = ("pre", "spoiler", "text_link", *QUOTES, "code", "strikethrough", "bold", "italic")

# tdlib/td clean_input_string: control characters become spaces; \r, U+202A-202E, U+0333, U+033F and U+030A vanish,
# as do U+2028 and U+2029, which are line breaks and are kept as such here.
_CONTROL = re.compile("[\x00-\x08\x09\x0b-\x1f\u2028-\u202e\u0333\u033f\u030a]")
_CLEAN = {
    **dict.fromkeys(range(0x20), " "),
    0x0A: "\n",
    0x0D: "\n",
    **dict.fromkeys((0x2028, 0x2029), "\n"),
    **dict.fromkeys((*range(0x202A, 0x202F), 0x0333, 0x033F, 0x030A), None),
}
_RING = re.compile(".\u030a")
_BLANK = " \n"  # tdlib/td fix_formatted_text trims these two and nothing else
# tdlib/td strip_empty_characters: a message of only these is refused as empty.
_UNSEEN = re.compile(
    "[ \n\u00a0\u1680\u180e\u2000-\u200f\u202e\u202f\u205f\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]*"
)


class Span(NamedTuple):
    """One entity. offset and length are UTF-16 units; type is Telegram's own word."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None

    @property
    def end(self) -> int:
        return self.offset + self.length


Piece = tuple[str, Sequence[Span]]
"""Text and the entities in it."""


def visible(text: str) -> bool:
    """Whether Telegram takes this for a text: something in it can be seen."""
    return not _UNSEEN.fullmatch(text)


def clean(text: str) -> str:
    """Without the characters that Telegram deletes or replaces; "A" + ring above becomes the one letter instead."""
    if not _CONTROL.search(text):
        return text
    return _RING.sub(lambda match: unicodedata.normalize("NFC", match[0]), text).translate(_CLEAN)


@dataclass(slots=True)
class Open:
    """An entity that has begun. start is unknown until something is written inside it; type "" covers nothing."""

    type: str
    url: str = ""
    start: int = -1


class Writer:
    """Collects text and entities. Line breaks and list markers wait until there is something to put after them."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.indent = ""
        self.marker = ""
        self._marker_indent = ""
        self._at = 0
        self._gap = 0
        self._open: list[Open] = []
        self._spans: list[Span] = []

    def gap(self, lines: int) -> None:
        """The next text begins a new line (1) or stands after an empty line (2)."""
        self._gap = max(self._gap, lines)

    def mark(self, marker: str) -> None:
        """Put a list marker before the next text, at the indent of this moment."""
        if not self.marker:
            self._marker_indent = self.indent
        self.marker += marker

    def flush(self) -> None:
        """Write what waits: line breaks, indent, marker."""
        waiting = "\n" * self._gap if self.parts else ""
        if self._gap or self.marker or not self.parts:
            waiting += self._marker_indent + self.marker if self.marker else self.indent
        self._gap, self.marker = 0, ""
        self._append(waiting)

    def write(self, text: str, *, raw: bool = False) -> None:
        """Add text; its line breaks take the indent unless it is raw (code keeps its own)."""
        text = clean(text)
        if not text:
            return
        indent, self.indent = self.indent, "" if raw else self.indent
        self.flush()
        for entity in self._open:
            if entity.start < 0:
                entity.start = self._at
        self._append(text.replace("\n", "\n" + self.indent) if self.indent else text)
        self.indent = indent

    def open(self, type: str, url: str = "") -> None:
        """Begin an entity; one of a kind inside another of the same kind covers nothing."""
        self._open.append(Open("" if any(other.type == type for other in self._open) else type, url))

    def close(self) -> Open:
        """End the entity that was opened last."""
        entity = self._open.pop()
        if entity.type and entity.start >= 0:
            self._spans.append(Span(entity.type, entity.start, self._at - entity.start, entity.url or None))
        return entity

    def inside(self, type: str) -> bool:
        return any(entity.type == type for entity in self._open)

    def pre(self, text: str, language: str) -> None:
        """A code block. Telegram turns a tab into one space, so tabs are widened to keep the code's shape."""
        start = len(self._spans)
        self.open("pre")
        self.write(text.expandtabs(4), raw=True)
        self.close()
        self._spans[start:] = [span._replace(language=language or None) for span in self._spans[start:]]

    def thoughts(self, text: str) -> None:
        """A quotation that is shown folded until it is tapped."""
        self.open("expandable_blockquote")
        self.write("💭 " + text, raw=True)
        self.close()

    def finish(self) -> Piece:
        """What was written, not yet fit to be sent: that is up to `trim`. Everything opened must be closed."""
        return "".join(self.parts), self._spans

    def _append(self, text: str) -> None:
        if text:
            self.parts.append(text)
            self._at += units(text)


def trim(text: str, spans: Iterable[Span]) -> tuple[str, tuple[Span, ...]]:
    """What Telegram will keep: at most a hundred entities in order, and no white space at either end.

    In front it goes only up to the first entity, as tdlib/td fix_formatted_text does it.
    """
    encoded = text.encode("utf-16-le")
    kept = [span for span in spans if encoded[2 * span.offset : 2 * span.end].decode("utf-16-le").strip(_BLANK)]
    text = text.rstrip(_BLANK)
    first = min((span.offset for span in kept), default=len(text))
    lead = min(len(text) - len(text.lstrip(_BLANK)), first)
    text = text[lead:]
    size = units(text)
    moved = (
        span._replace(offset=span.offset - lead, length=min(span.end - lead, size) - span.offset + lead)
        for span in kept
    )
    return text, tuple(sorted(_most_useful(list(moved)), key=lambda span: (span.offset, -span.length)))


def _most_useful(spans: list[Span]) -> list[Span]:
    if len(spans) <= MOST_ENTITIES:
        return spans
    return sorted(spans, key=lambda span: (USEFUL.index(span.type), span.offset))[:MOST_ENTITIES]
