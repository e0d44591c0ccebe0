"""Cuts one growing Markdown answer into pages, each of which is one platform message.

`core.live.delivery` calls it with every new text. A page's border never moves once it is set, so the borders
can be stored while the answer streams, and a page that is full needs no further edit.

All of the text is shown but the whitespace at the end of a page and at the beginning of the answer. A code block
or table that is cut by a border is closed on its page and opened again on the next one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wcwidth import iter_graphemes

from core.live.formulas import FORMULA, OPEN_FORMULA
from core.live.lines import SEPARATOR, Line, closed, lines

Fits = Callable[[str], bool]

# Telegram refuses more than 32,768 bytes before it looks at the markup; a longer rest is never measured in one piece.
WHOLE = 32_768
FIRST_PROBE = 2048
SENTENCE = re.compile(r"(?:(?<!\d)[.!?…]+[\"')\]*_»”’]*[^\S\r\n]++|[。！？]+[\"'」』）*_”’]*[^\S\r\n]*+)(?=\S)")
SPACE = re.compile(r"(?:[^\S\r\n]++|[，、；：]++[^\S\r\n]*+)(?=\S)")
# A page that begins with one of these in the middle of a sentence would show a list, heading, quote or code block.
BLOCK_START = re.compile(r"(?:[-+*]|#{1,6}|\d{1,9}[.)]|[`~]{1,2})(?:\s|\Z)|[`~]{3}|>|\|")
# What is broken when a border falls inside it: links, code and emphasis, addresses; and formulas, over lines too.
ATOM = re.compile(r"!?\[[^\]\n]{0,300}\]\([^)\n]{0,600}\)|(`++)[^`\n]++\1|(\*\*|__|~~|\|\|)\S[^\n]*?\2|<?https?://\S+")
FORMULAS = re.compile(rf"{FORMULA.pattern}|{OPEN_FORMULA.pattern}")
HEADING = re.compile(r"\s*#{1,6}\s")
FENCE_START = re.compile(r"[\s>]*(?:`{3}|~{3})")


@dataclass(frozen=True, slots=True)
class Border:
    """Where a page begins. offset: in code points of the whole text.

    reopen: what must be put before it: the opening line of a cut code block ("```python\\n"), the head of a cut table.
    """

    offset: int
    reopen: str = ""


START = (Border(0),)


def paginate(text: str, fits: Fits, borders: tuple[Border, ...] = START) -> tuple[Border, ...]:
    """Borders of all pages of `text`; the given ones never move, new ones come only when the last page no longer fits.

    `fits` renders Markdown and says whether one message can hold it. It is asked once when the last page still
    fits and about twelve times for a new border. Where it refuses even one character a page holds one grapheme,
    so this always ends.
    """
    while True:
        last = borders[-1]
        rest = text[last.offset :]
        if len(rest) <= WHOLE and fits(_shown(last, rest)):
            return borders
        cut = _cut(last, rest, fits)
        if not cut:
            return borders
        borders = (*borders, _next(last, rest, cut, fits))


def page(text: str, borders: tuple[Border, ...], number: int) -> str:
    """The Markdown of one page: what it reopens, its part of the text, and the end of a code block that is open."""
    end = borders[number + 1].offset if number + 1 < len(borders) else len(text)
    return _shown(borders[number], text[borders[number].offset : end])


def _shown(border: Border, part: str) -> str:
    body = part if border.offset else part.lstrip()
    return closed(border.reopen + body) if body.strip() else ""


def _cut(border: Border, rest: str, fits: Fits) -> int:
    """Where the page ends, counted from its beginning; 0 when nothing would be left for a next page."""

    def holds(end: int) -> bool:
        return fits(_shown(border, rest[:end]))

    reach = _reach(len(rest), holds)
    if reach == len(rest):
        return 0
    while reach:
        for cut in _Cuts(border.reopen, rest, reach).best_first():
            if holds(cut):
                return cut
        reach //= 2
    least = len(rest) - len(rest.lstrip()) + len(next(iter_graphemes(rest.lstrip()), ""))
    cut = _after_space(rest, least)
    return cut if rest[cut:].strip() else 0


def _reach(size: int, holds: Callable[[int], bool]) -> int:
    """The longest beginning that fits, to 1/64 of itself. `size` itself is only tried when it is above WHOLE."""
    low, high = 0, min(size, FIRST_PROBE)
    while (high < size or size > WHOLE) and holds(high):
        if high == size:
            return size
        low, high = high, min(2 * high, size)
    while high - low > max(1, low // 64):
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _next(border: Border, rest: str, cut: int, fits: Fits) -> Border:
    """The border at `cut`: it reopens what leaves room for text, and leaves behind indentation that has no room."""
    offset = border.offset + cut
    quote = re.match(r"(?:[ \t]*>[ \t]?)*", rest[cut:])[0]  # type: ignore[index]
    reopen = next((r for r in _reopens(border, rest, cut) if fits(_shown(Border(offset, r), quote + "xx"))), "")
    indent = re.match(r"\s*", rest[cut:])[0]  # type: ignore[index]
    if indent and not fits(_shown(Border(offset, reopen), indent + "xx")):
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


class _Cuts:
    """The lines of a page that can reach `reach`, and where in them it can end."""

    def __init__(self, reopen: str, rest: str, reach: int) -> None:
        self.rest, self.reach = rest, _after_space(rest, reach)
        self.floor = self.reach * 2 // 3
        self.blank, self.end = len(rest) - len(rest.lstrip()), len(rest.rstrip())
        self.lines = list(lines(reopen + rest[: self.reach + 1]))
        self.starts = [line.start - len(reopen) for line in self.lines]
        first = self.starts[self._number(self.floor)]
        self.atoms = [m.span() for m in ATOM.finditer(rest, max(0, first), self.reach + 200)]
        formulas = FORMULAS.finditer(rest, max(0, self.floor - 2000), self.reach + 200)
        self.formulas = [match.span() for match in formulas if not self._in_code(match.start())]

    def best_first(self) -> Iterator[int]:
        """At most one end of each kind: block, line, sentence, space, grapheme; the last of it in the last third."""
        floor = self.floor
        blocks, others = self._line_starts()
        yield from self._last(blocks, floor)
        yield from self._last(others, floor)
        if self._in_code(self.reach):
            yield from self._last(others, self.reach // 4)
        for pattern in (SENTENCE, SPACE):
            yield from self._last((end for end in self._ends(pattern) if self._whole(end)), floor)
        yield from self._last((start for start, _ in self.formulas if self._whole(start)), self.reach // 4)
        yield from self._last(self._ends(SPACE), floor)
        graphemes = _boundaries(self.rest, self.reach)
        yield from self._last((end for end in graphemes if self._whole(end)), floor)
        yield from self._last(graphemes, 0)
        yield from self._last([self.reach - _inside_pair(self.rest, self.reach)], 0)

    def _last(self, ends: Iterable[int], floor: int) -> list[int]:
        """The last end that leaves something on this page and on the next one."""
        good = [end for end in ends if max(floor, self.blank) < end <= self.reach and end < self.end]
        return [max(good)] if good else []

    def _line_starts(self) -> tuple[list[int], list[int]]:
        """Lines before which a page may end: those where a block ended, and the others.

        Neither below a heading, nor before a code block's first line or its end, nor inside a table's head.
        """
        blocks: list[int] = []
        others: list[int] = []
        ground = self.lines[0]
        for above, line, start in zip(self.lines, self.lines[1:], self.starts[1:], strict=False):
            ground = ground if above.blank else above
            if line.blank or _bound(ground, line) or _inside(start, self.formulas):
                continue
            ended = not line.before and (above.blank or above.before or line.after)
            (blocks if ended else others).append(start)
        return blocks, others

    def _ends(self, pattern: re.Pattern[str]) -> list[int]:
        return [match.end() for match in pattern.finditer(self.rest, self.floor, self.reach + 1)]

    def _whole(self, end: int) -> bool:
        """Whether `end` is in prose, breaks no link, code or fence line, and lets no block begin by accident."""
        broken = _inside(end, self.atoms) or _inside(end, self.formulas) or BLOCK_START.match(self.rest, end)
        line = self.lines[self._number(end)]
        return not (broken or line.before or FENCE_START.match(line.text))

    def _in_code(self, end: int) -> bool:
        return self.lines[self._number(end)].before is not None

    def _number(self, end: int) -> int:
        return max(0, bisect_right(self.starts, end) - 1)


def _inside(end: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(start < end < stop for start, stop in spans)


def _bound(above: Line, line: Line) -> bool:
    """Whether `line` must stay with the last line above it that is not blank."""
    if line.before:
        return not line.after or not above.before
    if above.row and line.row and SEPARATOR.match(above.text + line.text.strip()):
        return True
    return not above.before and bool(HEADING.match(above.text))


def _after_space(text: str, start: int) -> int:
    """Behind the whitespace at `start`; behind its last line end if it has one, as indentation belongs to its line."""
    space = re.compile(r"\s*").match(text, start)[0]  # type: ignore[index]
    line_end = max(space.rfind("\n"), space.rfind("\r"))
    return start + (line_end + 1 or len(space))


def _boundaries(text: str, reach: int) -> list[int]:
    """Grapheme boundaries (the same as `regex`'s \\X) in the last 512 characters before `reach`."""
    start = max(0, reach - 512)
    while (
        start and "\U0001f1e6" <= text[start] <= "\U0001f1ff"
    ):  # from the middle of a row of flags every pair is wrong
        start -= 1
    ends, end = [], start
    for grapheme in iter_graphemes(text[start : reach + 1]):
        end += len(grapheme)
        if end <= reach and not _inside_pair(text, end) and (start == 0 or end > start + 64):
            ends.append(end)
    return ends


def _inside_pair(text: str, end: int) -> bool:
    return "\ud800" <= text[end - 1 : end] <= "\udbff" and "\udc00" <= text[end : end + 1] <= "\udfff"
