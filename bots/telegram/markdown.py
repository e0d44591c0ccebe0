"""The Markdown that models write, as tokens: CommonMark with tables, strikethrough, spoilers, and LaTeX left alone.

`render` reads the tokens. Rules that would lose or surprise are off: underlined headings ("text" over "---" is a
rule here, and half a list would flash as a heading), link definitions (an unused one would vanish), HTML (is text).
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

NESTING = 24  # markdown-it drops what is nested deeper, and slows down with it; `parse` says so

_MATH = re.compile(
    r"\\\(.*?\\\)|\\\[.*?\\\]|\$\$.+?\$\$"
    r"|\$(?=\S)[^$\n]*[^$\s]\$(?!\d)"  # "costs $5 or $6" is not a formula (pandoc's rule)
    r"|\\[()\[\]]",  # half a formula while it is being written
    re.DOTALL,
)
_SPOILER = re.compile(r"\|\|(?=[^\s|])(.*?[^\s|])\|\|(?!\|)", re.DOTALL)


def _math(state: StateInline, silent: bool) -> bool:
    match = _MATH.match(state.src, state.pos, state.posMax) if state.src[state.pos] in "\\$" else None
    if match is None:
        return False
    if not silent:
        state.append_pending(match[0])
    state.pos = match.end()
    return True


def _spoiler(state: StateInline, silent: bool) -> bool:
    match = _SPOILER.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        end = state.posMax
        state.push("spoiler_open", "", 1)
        state.pos, state.posMax = match.span(1)
        state.md.inline.tokenize(state)
        state.push("spoiler_close", "", -1)
        state.posMax = end
    state.pos = match.end()
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING})
    parser.enable(["table", "strikethrough"]).disable(["lheading", "reference"])
    parser.inline.ruler.before("escape", "math", _math)
    parser.inline.ruler.push("spoiler", _spoiler)
    parser.inline.add_terminator_char("|")
    return parser


_PARSER = _parser()


def parse(text: str) -> list[Token] | None:
    """The tokens, or None for a text nested so deep that the parser would drop a part of it."""
    tokens = _PARSER.parse(text)
    return None if any(token.level >= NESTING - 1 for token in tokens) else tokens


def readable(url: str) -> str:
    """A parsed link's URL as a person would write it."""
    return str(_PARSER.normalizeLinkText(url))
