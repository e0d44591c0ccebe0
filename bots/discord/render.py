"""Markdown in the dialect that Discord reads. Pure and total; `surface` calls it for every text, whole or half.

markdown-it says which lines are code, tables, formulas and rules; those are written anew, every other line is
translated in place, because Discord keeps line breaks. Nobody is ever pinged: that is up to `allowed_mentions`, not
to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from markdown_it.token import Token

from bots.discord.inline import escaped, inline, link
from core.live.chunks import chunks
from core.live.markdown import BOXES, TASK, THINKING, blocks, language
from core.live.text import units, whole
from core.surface import Rendered

_QUOTED = {"blockquote_open": 1, "blockquote_close": -1}
_RULE = "───"
_EMPTY = "\u200b"  # a code block without text would show its backticks
_QUOTE = re.compile(r"^[ \t]*(?:> ?)+")
_HEADING = re.compile(r"^((?:> )?) {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_BOX = re.compile(r"^((?:> )?\s*(?:[-*+]|\d+[.)])\s+)" + TASK.pattern)
_PLUS = re.compile(r"^((?:> )?\s*)\+(?=\s)")
_SUBTEXT = re.compile(r"^((?:> )?\s*)-#")


def render(markdown: str) -> Rendered:
    """What Discord will be sent, and its size in UTF-16 units (Discord's limit counts at most those)."""
    text = whole(markdown)
    *settled, last = chunks(text)
    shown = "\n".join([*map(_settled, settled), _chunk(last)])
    if not shown.strip():
        shown = text
    return Rendered(shown, units(shown))


def _chunk(markdown: str) -> str:
    return "\n".join(_blocks(markdown))


@lru_cache(maxsize=2048)  # most of an answer is the same with every edit
def _settled(markdown: str) -> str:
    return _chunk(markdown.removesuffix("\n"))


def _blocks(text: str) -> Iterator[str]:
    """The lines of `text`, with code, tables and rules written anew and the paragraphs between translated."""
    lines, at, quoted = text.split("\n"), 0, 0
    for token in blocks(text):
        quoted += _QUOTED.get(token.type, 0)
        block = _block(token, lines)
        if block and token.map:
            yield from _prose(lines[at : token.map[0]])
            yield from ("> " + line if quoted else line for line in block)
            at = token.map[1]
    yield from _prose(lines[at:])


def _block(token: Token, lines: list[str]) -> list[str]:
    """The new lines of a block that Discord would not show as it is; [] for every other token."""
    if token.type == "hr":
        return [_RULE]
    if token.type == "table":
        return [*_fenced(token.content), *(link(label, url) for label, url in token.meta["links"])]
    if token.type not in ("fence", "formula") or not token.map:
        return []
    if language(token) == THINKING:
        return _thoughts(token.content)
    before = _QUOTE.sub("", lines[token.map[0]]).partition(token.markup)[0]  # a list's marker on the same line
    if token.type == "formula":
        return (_line(before) + escaped(token.content)).split("\n")
    return [*([before.rstrip()] if before.strip() else []), *_fenced(token.content, language(token))]


def _fenced(code: str, language: str = "") -> list[str]:
    """A code block as Discord reads it: three backticks and a bare language; three inside would end it."""
    body = re.sub("``(?=`)", "``\u200b", code.removesuffix("\n"))
    return ["```" + language, *(body if body.strip() else _EMPTY).split("\n"), "```"]


def _thoughts(text: str) -> list[str]:
    """Small print: Discord folds nothing."""
    lines = [inline(line) for line in text.strip("\n").split("\n") if line.strip()]
    return [f"-# {'💭 ' if number == 0 else ''}{line.lstrip()}" for number, line in enumerate(lines)]


def _prose(lines: list[str]) -> Iterator[str]:
    """Lines of text, a paragraph at a time, since markup may span lines but not a blank one."""
    paragraph: list[str] = []
    for line in lines:
        if line.strip():
            paragraph.append(_line(line))
            continue
        if paragraph:
            yield inline("\n".join(paragraph))
            paragraph = []
        yield ""
    if paragraph:
        yield inline("\n".join(paragraph))


def _line(line: str) -> str:
    line = _QUOTE.sub("> ", line)  # Discord has no quotes in quotes, and ">>>" would quote the rest of the message
    line = _HEADING.sub(_heading, line)
    line = _BOX.sub(lambda box: box[1] + BOXES[box[2]], line)
    line = _PLUS.sub(r"\1-", line)
    return _SUBTEXT.sub(r"\1\\-#", line)  # small print on Discord, nothing in Markdown


def _heading(match: re.Match[str]) -> str:
    quote, hashes, title = match.groups()
    if len(hashes) <= 3:  # https://discord.com/developers/docs/reference: "#", "##" and "###" only
        return f"{quote}{hashes} {title}"
    title = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", title)
    return f"{quote}**{title}**" if title.strip() else f"{quote}{hashes}"
