"""Tables as lines of equal columns for a monospaced block: neither Telegram nor Discord has tables in messages.

`core.live.markdown` gives `lay_out_tables` to the parser, so the bots meet a table as one token; and around the finding
of blocks `hide_bars` and `show_bars`, so that |x| in a formula is no cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile, zip_longest
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block.table import escapedSplit
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from wcwidth import width

from core.live.formulas import FORMULA, MARKS
from core.live.plain import Link, plain

# One long cell must not blow up every row: a column is padded to this width at most, and the last one never.
WIDEST = 40
_HIDDEN = "\ue07c"  # stands for a "|" in a formula while cells are parted; no font has it
_BAR = re.compile(r"(?<!\\)\|")  # one that is escaped parts no cells anyway
_BEFORE = re.compile(r"[\s>]+")
_MARKUP = re.compile(r"[^\w\s.,;:%+()/'\"-]|_")  # a cell without any is plain text; a table has hundreds


def hide_bars(state: StateCore) -> None:
    """A rule for markdown-it, before it looks for blocks: a bar within a formula parts no cells of a table."""
    source = state.src
    if "|" in source and MARKS.search(source) and _HIDDEN not in source:
        state.src = FORMULA.sub(lambda found: _hidden(found[0]), source)
        state.env["bars"] = state.src != source


def _hidden(formula: str) -> str:
    """One bar at an end was the end of a cell: between `$a` and `$b`, say, or two prices."""
    body = formula.strip("$ ")
    ends = body.startswith("|") or body.endswith("|")
    crosses = "\n" in formula or (ends and body.count("|") % 2)
    return formula if crosses else _BAR.sub(_HIDDEN, formula)


def bars(text: str, env: Mapping[str, Any]) -> str:
    """With the bars that `hide_bars` took out of a text with this environment."""
    return text.replace(_HIDDEN, "|") if env.get("bars") else text


def show_bars(state: StateCore) -> None:
    """A rule for after that."""
    if state.env.get("bars"):
        state.src = bars(state.src, state.env)
        for token in state.tokens:
            token.content, token.info = bars(token.content, state.env), bars(token.info, state.env)


def lay_out_tables(state: StateCore) -> None:
    """A rule for markdown-it: each table becomes one token "table".

    content: its lines. meta["links"]: the `Link`s in it, to be put below, as none can stand in a monospaced block.
    """
    source: list[str] = []
    tokens, rest = [], iter(state.tokens)
    for token in rest:
        if token.type == "table_open":
            source = source or state.src.split("\n")
            token = _laid_out(state, token, takewhile(lambda inner: inner.type != "table_close", rest), source)
        tokens.append(token)
    state.tokens = tokens


def lay_out(rows: Sequence[Sequence[str]], aligns: Sequence[str] = ()) -> str:
    """The rows, the first of them the header, in columns as wide as they look: CJK and emoji take two.

    A row may have more cells than the header. aligns: "right", "center", else left. Rules are ASCII: box-drawing
    characters are two columns wide in CJK fonts.
    """
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [min(WIDEST, max(1, *map(_width, column))) for column in zip_longest(*cells, fillvalue="")]
    out = [" | ".join(map(_padded, row, widths, [*aligns, *[""] * len(row)])).rstrip() for row in cells]
    out[1:1] = ["-+-".join("-" * wide for wide in widths[: len(cells[0])])] if cells else []
    return "\n".join(out)


def _laid_out(state: StateCore, table: Token, inside: Iterable[Token], source: Sequence[str]) -> Token:
    rows: list[list[str]] = []
    aligns: list[str] = []
    line = ""
    for token in inside:
        if token.type == "tr_open":
            rows.append([])
            line = source[token.map[0]] if token.map else ""
        elif token.type == "th_open":
            aligns.append(str(token.attrs.get("style", "")).removeprefix("text-align:"))
        elif token.type == "inline":
            rows[-1].append(bars(token.content, state.env))
        elif token.type == "tr_close" and rows[1:]:
            rows[-1] += (bars(cell, state.env) for cell in _surplus(line, len(aligns)))
    cells = [[_plain(state.md, cell) for cell in row] for row in rows]
    content = lay_out([[text for text, _ in row] for row in cells], aligns)
    links = [link for row in cells for _, found in row for link in found]
    return Token("table", "", 0, map=table.map, level=table.level, content=content, meta={"links": links})


@lru_cache(maxsize=2048)  # a table is laid out anew with every edit, and most of its cells are the same
def _plain(parser: MarkdownIt, cell: str) -> tuple[str, list[Link]]:
    if not _MARKUP.search(cell):
        return " ".join(cell.split()), []
    tokens: list[Token] = []
    parser.inline.parse(cell, parser, {}, tokens)
    return plain(tokens)


def _surplus(line: str, columns: int) -> list[str]:
    """What a row has beyond the header's columns: a "|" that was not escaped. The parser would drop it."""
    cells = [cell.strip() for cell in escapedSplit(_BEFORE.sub("", line, count=1))]
    cells = cells[1:] if not cells[0] else cells
    while cells and not cells[-1]:
        cells.pop()
    return cells[columns:]


def _padded(cell: str, wide: int, align: str) -> str:
    room = max(0, wide - _width(cell))
    left = {"right": room, "center": room // 2}.get(align, 0)
    return " " * left + cell + " " * (room - left)


def _width(text: str) -> int:
    return len(text) if text.isascii() else width(text, control_codes="ignore")
