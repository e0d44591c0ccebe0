"""A table as lines of equal columns for a monospaced block; Telegram has no tables in ordinary messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from markdown_it.rules_block.table import escapedSplit
from wcwidth import wcswidth

_BEFORE = re.compile(r"[\s>]+")


def width(text: str) -> int:
    """Columns on screen: CJK and emoji take two."""
    return len(text) if text.isascii() else max(wcswidth(text), 0)


def lay_out(rows: Sequence[Sequence[str]], aligns: Sequence[str]) -> str:
    """The rows, the first of them the header. aligns: "left", "center" or "right" per column."""
    columns = list(zip_longest(*rows, fillvalue=""))
    widths = [max(map(width, column)) for column in columns]
    lines = [
        " | ".join(_pad(cell, size, align) for cell, size, align in zip(row, widths, aligns, strict=False)).rstrip()
        for row in rows
    ]
    lines.insert(1, "-+-".join("-" * size for size in widths))
    return "\n".join(lines)


def surplus(line: str, columns: int) -> str:
    """What a row has beyond the header's columns: a "|" that was not escaped. The parser would drop it."""
    cells = escapedSplit(_BEFORE.sub("", line, count=1).strip())
    cells = cells[1:] if cells and not cells[0] else cells
    return "|".join(cells[columns:]).rstrip("|")


def _pad(cell: str, size: int, align: str) -> str:
    space = size - width(cell)
    before = {"right": space, "center": space // 2}.get(align, 0)
    return " " * before + cell + " " * (space - before)
