"""The running text of a block: emphasis, code, links and images, as entities or, for a table's cell, as plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

from bots.telegram.entities import Writer
from bots.telegram.links import linkable
from bots.telegram.markdown import readable

ENTITY = {"strong": "bold", "em": "italic", "s": "strikethrough", "spoiler": "spoiler"}
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def write(out: Writer, tokens: Sequence[Token]) -> None:
    """Write the tokens of one block. Everything that they open they close."""
    labels: list[int] = []
    for token in tokens:
        name, _, edge = token.type.rpartition("_")
        if name in ENTITY:
            out.open(ENTITY[name]) if edge == "open" else out.close()
        elif token.type == "link_open":
            labels.append(len(out.parts))
            _open_link(out, _target(token, "href"))
        elif token.type == "link_close":
            _close_link(out, labels.pop())
        else:
            _leaf(out, token)


def flat(tokens: Sequence[Token]) -> tuple[str, list[tuple[str, str]]]:
    """The tokens as one line of plain text, and the links in it as (label, URL)."""
    out = Writer()
    write(out, tokens)
    text, spans = out.finish()
    encoded = text.encode("utf-16-le")
    links = [(encoded[2 * s.offset : 2 * s.end].decode("utf-16-le"), s.url) for s in spans if s.url]
    return " ".join(_BREAK.sub(" ", text).split()), [(" ".join(label.split()), url) for label, url in links]


def _leaf(out: Writer, token: Token) -> None:
    if token.type in ("softbreak", "hardbreak"):
        out.write("\n")
    elif token.type == "code_inline":
        _code(out, token.content)
    elif token.type == "image":
        _image(out, token)
    else:
        out.write(token.content)


def _code(out: Writer, text: str) -> None:
    """Code inside a link stays a link: the two cannot share text."""
    if out.inside("text_link"):
        out.write(text)
        return
    out.open("code")
    out.write(text)
    out.close()


def _image(out: Writer, token: Token) -> None:
    start = len(out.parts)
    _open_link(out, _target(token, "src"))
    out.write(flat(token.children or [])[0] or "image")
    _close_link(out, start)


def _target(token: Token, name: str) -> str:
    """The URL of a link or image; "" for <https://example.org>, which Telegram links by itself."""
    return "" if token.info == "auto" else str(token.attrs[name])


def _open_link(out: Writer, url: str) -> None:
    out.open("text_link" if linkable(url) else "", url)


def _close_link(out: Writer, start: int) -> None:
    """What cannot be a link is shown beside its label; so is the URL of a link without one."""
    label = "".join(out.parts[start:]).strip()
    url = out.close().url
    if not label:
        out.write(readable(url))
    elif url and not linkable(url) and readable(url) not in label:
        out.write(f" ({readable(url)})")
