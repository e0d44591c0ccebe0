"""Markdown in the dialect that Discord reads. Pure and total; `surface` calls it for every text, whole or half.

markdown-it says which lines are code, tables and rules; those are written anew, every other line is translated
in place, because Discord keeps line breaks. Nobody is ever pinged: that is up to `allowed_mentions`, not to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bots.discord.inline import inline
from bots.discord.table import table
from core.surface import Rendered

# Only the block structure is wanted. Underlined headings are not read: half of a list ("Things:\n-") would be one.
_PARSER = MarkdownIt("commonmark").enable("table").disable(["html_block", "lheading", "reference", "inline"])

_RULE = "───"
_EMPTY = "\u200b"  # a code block without text would show its backticks
_QUOTE = re.compile(r"^ {0,3}(?:> ?)+")
_HEADING = re.compile(r"^((?:> )?) {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_BOX = re.compile(r"^((?:> )?\s*(?:[-*+]|\d+[.)])\s+)\[([ xX])\](?=\s)")
_PLUS = re.compile(r"^((?:> )?\s*)\+(?=\s)")
_SUBTEXT = re.compile(r"^((?:> )?\s*)-#")
_SURROGATES = re.compile("[\ud800-\udfff]")


def render(markdown: str) -> Rendered:
    """What Discord will be sent, and its size in UTF-16 units (Discord's limit counts at most those)."""
    text = clean(markdown)
    shown = "\n".join(_blocks(text))
    if not shown.strip():
        shown = text
    return Rendered(shown, units(shown))


def units(text: str) -> int:
    """UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def clean(text: str) -> str:
    """Text that can be sent at all: no lone surrogates, no NUL, newlines alone end lines."""
    if _SURROGATES.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def _blocks(text: str) -> Iterator[str]:
    """The lines of `text`, with code, tables and rules written anew and the paragraphs between translated."""
    lines, at = text.split("\n"), 0
    for start, end, block in _rewritten(_PARSER.parse(text), lines):
        yield from _prose(lines[at:start])
        yield from block
        at = end
    yield from _prose(lines[at:])


def _rewritten(tokens: list[Token], lines: list[str]) -> Iterator[tuple[int, int, list[str]]]:
    quoted = 0
    for index, token in enumerate(tokens):
        quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        block = _block(tokens, index, lines)
        if block and token.map:
            mark = "> " if quoted else ""
            yield token.map[0], token.map[1], [mark + line for line in block]


def _block(tokens: list[Token], index: int, lines: list[str]) -> list[str]:
    """The new lines of a block that Discord would not show as it is; [] for every other token."""
    token = tokens[index]
    if token.type == "hr":
        return [_RULE]
    if token.type == "code_block":
        return _fenced(token.content)
    if token.type == "table_open":
        types = [t.type for t in tokens]
        return _fenced(table(tokens[index : types.index("table_close", index)]))
    if token.type == "fence" and token.map:
        before = _QUOTE.sub("", lines[token.map[0]]).partition(token.markup)[0]  # a list's marker on the same line
        return [*([before.rstrip()] if before.strip() else []), *_fenced(token.content, token.info)]
    return []


def _fenced(code: str, info: str = "") -> list[str]:
    """A code block as Discord reads it: three backticks and a bare language; three inside would end it."""
    language = re.match(r"[\w+\-.#]*", info.strip(), re.ASCII)
    body = re.sub("``(?=`)", "``\u200b", code.removesuffix("\n"))
    return ["```" + (language[0] if language else ""), *(body if body.strip() else _EMPTY).split("\n"), "```"]


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
    line = _BOX.sub(lambda box: box[1] + ("☐" if box[2] == " " else "☑"), line)
    line = _PLUS.sub(r"\1-", line)
    return _SUBTEXT.sub(r"\1\\-#", line)  # small print on Discord, nothing in Markdown


def _heading(match: re.Match[str]) -> str:
    quote, hashes, title = match.groups()
    if len(hashes) <= 3:  # https://discord.com/developers/docs/reference: "#", "##" and "###" only
        return f"{quote}{hashes} {title}"
    title = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", title)
    return f"{quote}**{title}**" if title.strip() else f"{quote}{hashes}"
