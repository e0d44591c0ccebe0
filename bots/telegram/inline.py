"""The running text of a block, from `render`: emphasis, code, links and images as entities."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.token import Token

from bots.telegram.entities import Writer
from bots.telegram.links import linkable
from core.live.plain import plain, readable

ENTITY = {"strong": "bold", "em": "italic", "s": "strikethrough", "spoiler": "spoiler"}


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


def link(out: Writer, label: str, url: str) -> None:
    """A link with plain text for its label."""
    start = len(out.parts)
    _open_link(out, url)
    out.write(label)
    _close_link(out, start)


def _leaf(out: Writer, token: Token) -> None:
    if token.type in ("softbreak", "hardbreak"):
        out.write("\n")
    elif token.type == "code_inline":
        _code(out, token.content)
    elif token.type == "image":
        link(out, plain(token.children or ())[0] or "image", _target(token, "src"))
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
