"""A Markdown table as lines of equal display width, since Discord has no tables. Only `render` calls this."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.token import Token
from wcwidth import wcswidth, wcwidth

from bots.discord.inline import plain

# One long cell must not blow up every row: a column is padded to this width at most, and the last one never.
WIDEST = 40


def table(tokens: Sequence[Token]) -> str:
    """The table whose tokens (from table_open to table_close) these are. CJK and emoji count as two wide."""
    rows: list[list[str]] = []
    alignments: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "th_open":
            alignments.append(str(token.attrGet("style") or ""))
        elif token.type == "inline":
            rows[-1].append(plain(token.content))
    widths = [min(WIDEST, max(width(row[i]) for row in rows)) for i in range(len(alignments))]
    lines = [" │ ".join(_cells(row, widths, alignments)).rstrip() for row in rows]
    return "\n".join([lines[0], "─┼─".join("─" * max(1, w) for w in widths), *lines[1:]])


def width(text: str) -> int:
    """Columns on screen."""
    whole = wcswidth(text)
    return whole if whole >= 0 else sum(max(0, wcwidth(letter)) for letter in text)


def _cells(row: list[str], widths: list[int], alignments: list[str]) -> list[str]:
    return [_pad(*cell) for cell in zip(row, widths, alignments, strict=True)]


def _pad(text: str, wide: int, alignment: str) -> str:
    room = max(0, wide - width(text))
    left = room if "right" in alignment else room // 2 if "center" in alignment else 0
    return " " * left + text + " " * (room - left)
