"""Running text as plain text with its links beside it, for where no markup can stand: a table's cell, a picture's name.

`core.live.tables` and Telegram's renderer call it with the tokens of one block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from markdown_it.common.normalize_url import normalizeLinkText
from markdown_it.token import Token

BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


class Link(NamedTuple):
    """label: what was to be pressed, never empty. url: as the parser gives it, of any scheme."""

    label: str
    url: str


def readable(url: str) -> str:
    """A parsed link's URL as a person would write it."""
    return normalizeLinkText(url)


def plain(tokens: Sequence[Token]) -> tuple[str, list[Link]]:
    """One line of text, and the links in it but those that show their URL anyway (<https://example.org>)."""
    parts: list[str] = []
    links: list[Link] = []
    opened: list[tuple[int, str]] = []
    for token in tokens:
        if token.type == "link_open":
            opened.append((len(parts), "" if token.info == "auto" else str(token.attrs["href"])))
        elif token.type == "link_close":
            start, url = opened.pop()
            links += _link(parts, start, url)
        elif token.type == "image":
            parts.append(plain(token.children or ())[0] or "image")
            links += [] if opened else _link(parts, len(parts) - 1, str(token.attrs["src"]))
        else:
            parts.append(" " if token.type in ("softbreak", "hardbreak") else token.content)
    return _line("".join(parts)), links


def _link(parts: list[str], start: int, url: str) -> list[Link]:
    """The link around the parts from `start`; without a label its URL is shown."""
    if not _line("".join(parts[start:])):
        parts.append(readable(url))
    label = _line("".join(parts[start:]))
    return [Link(label, url)] if label and url else []


def _line(text: str) -> str:
    return " ".join(BREAK.sub(" ", text).split())
