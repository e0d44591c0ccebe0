"""Cuts one growing Markdown answer into pages, each of which is one platform message.

`core.live.delivery` calls it with every new text. A page's border never moves once it is set, so the borders
can be stored while the answer streams, and a page that is full needs no further edit.

All of the text is shown but the whitespace at the end of a page and at the beginning of the answer. A code block
or table that is cut by a border is closed on its page and opened again on the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from wcwidth import iter_graphemes

from core.live.cuts import Cuts, after_space
from core.live.lines import SEPARATOR, Line, closed, lines

Fill = Callable[[str], float]
"""Renders Markdown and says which part of a message it takes. What takes more than 1 does not fit."""

PROBE = 4096  # characters of a long text that are measured first
AT_ONCE = 8192  # a text that is no longer is measured whole


@dataclass(frozen=True, slots=True)
class Border:
    """Where a page begins. offset: in code points of the whole text.

    reopen: what must be put before it: the opening line of a cut code block ("```python\\n"), the head of a cut table.
    """

    offset: int
    reopen: str = ""


START = (Border(0),)


def paginate(
    text: str, fill: Fill, borders: tuple[Border, ...] = START, most: float = float("inf")
) -> tuple[Border, ...]:
    """Borders of the pages of `text`; the given ones never move, new ones come only when the last page no longer fits.

    `fill` is asked once when the last page still fits, and about four times for a new border. Where it refuses even
    one character a page holds one grapheme, so this always ends. What is behind `most` pages is not cut any more.
    """
    while len(borders) <= most and (cut := _cut(borders[-1], rest := text[borders[-1].offset :], fill)):
        borders = (*borders, _next(borders[-1], rest, cut, fill))
    return borders


def page(text: str, borders: tuple[Border, ...], number: int) -> str:
    """The Markdown of one page: what it reopens, its part of the text, and the end of a code block that is open."""
    end = borders[number + 1].offset if number + 1 < len(borders) else len(text)
    return _shown(borders[number], text[borders[number].offset : end])


def _shown(border: Border, part: str) -> str:
    body = part if border.offset else part.lstrip()
    return closed(border.reopen + body) if body.strip() else ""


def _cut(border: Border, rest: str, fill: Fill) -> int:
    """Where the page ends, counted from its beginning; 0 when nothing would be left for a next page."""

    def taken(end: int) -> float:
        return fill(_shown(border, rest[:end]))

    reach = _reach(len(rest), taken)
    if reach == len(rest):
        return 0
    while reach:
        for cut in Cuts(border.reopen, rest, reach).best_first():
            if cut == reach or taken(cut) <= 1:
                return cut
        reach //= 2
    least = len(rest) - len(rest.lstrip()) + len(next(iter_graphemes(rest.lstrip()), ""))
    cut = after_space(rest, least)
    return cut if rest[cut:].strip() else 0


def _reach(size: int, taken: Callable[[int], float]) -> int:
    """The longest beginning that fits, to 1/64 of itself or of the message; `size` when all of it does."""
    low, high = (0, 0.0), (size + 1, 0.0)  # where it fits and where not, and which part of a message is taken there
    at, tries = size if size <= AT_ONCE else PROBE, 0
    while True:
        part = taken(at)
        low, high = ((at, part), high) if part <= 1 else (low, (at, part))
        near = bool(high[1]) and high[0] - low[0] <= max(1, low[0] // 64)
        if near or low[0] == size or 1 >= part > 63 / 64:
            return low[0]
        tries += 1
        at = _next_probe(low, high if high[1] else None, size, halve=tries % 3 == 0)


def _next_probe(low: tuple[int, float], high: tuple[int, float] | None, size: int, *, halve: bool) -> int:
    """Where a message would be just full if texts took room evenly; in the middle where that says nothing."""
    (at, part), (above, over) = low, high or (size + 1, 0.0)
    slope = (over - part) / (above - at) if high else part / at
    guess = min(int(at + (127 / 128 - part) / max(slope, 1e-9)), size)
    return guess if at < guess < above and not halve else (at + above) // 2


def _next(border: Border, rest: str, cut: int, fill: Fill) -> Border:
    """The border at `cut`: it reopens what leaves room for text, and leaves behind indentation that has no room."""
    offset = border.offset + cut
    quote = re.match(r"(?:[ \t]*>[ \t]?)*", rest[cut:])[0]  # type: ignore[index]
    reopen = next((r for r in _reopens(border, rest, cut) if fill(_shown(Border(offset, r), quote + "xx")) <= 1), "")
    indent = re.match(r"\s*", rest[cut:])[0]  # type: ignore[index]
    if indent and fill(_shown(Border(offset, reopen), indent + "xx")) > 1:
        offset += len(indent)
    return Border(offset, reopen)


def _reopens(border: Border, rest: str, cut: int) -> list[str]:
    """What could be put before a page that begins at `cut`, the fullest first."""
    above = list(lines(border.reopen + rest[:cut]))
    at_line, fence = above[-1].text.endswith(("\n", "\r")), above[-1].after
    if fence:
        quote = fence.prefix if ">" in fence.prefix and not at_line else ""
        return [fence.opens() + quote, fence.opens(bare=True) + quote]
    head = _table_head(above) if at_line and "|" in rest[cut:].partition("\n")[0] else ""
    return [head] if head else []


def _table_head(above: list[Line]) -> str:
    """The header and separator lines of the table that `above` ends in; "" when it ends in none."""
    for number in range(len(above) - 1, 0, -1):
        if not above[number].row:
            break
        if SEPARATOR.match(above[number].text) and above[number - 1].row:
            return above[number - 1].text + above[number].text
    return ""
