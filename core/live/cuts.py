"""Where in a text a page can end: `core.live.pages` asks for the best ends within what a message can hold."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from wcwidth import iter_graphemes

from core.live.formulas import FORMULA, MARKS, OPEN_FORMULA
from core.live.lines import SEPARATOR, Line, lines

SENTENCE = re.compile(r"(?:(?<!\d)[.!?…]+[\"')\]*_»”’]*[^\S\r\n]++|[。！？]+[\"'」』）*_”’]*[^\S\r\n]*+)(?=\S)")
SPACE = re.compile(r"(?:[^\S\r\n]++|[，、；：]++[^\S\r\n]*+)(?=\S)")
# A page that begins with one of these in the middle of a sentence would show a list, heading, quote or code block.
BLOCK_START = re.compile(r"(?:[-+*]|#{1,6}|\d{1,9}[.)]|[`~]{1,2})(?:\s|\Z)|[`~]{3}|>|\|")
# What is broken when a border falls inside it: links, code and emphasis, addresses; and formulas, over lines too.
ATOM = re.compile(r"!?\[[^\]\n]{0,300}\]\([^)\n]{0,600}\)|(`++)[^`\n]++\1|(\*\*|__|~~|\|\|)\S[^\n]*?\2|<?https?://\S+")
FORMULAS = re.compile(rf"{FORMULA.pattern}|{OPEN_FORMULA.pattern}")
HEADING = re.compile(r"\s*#{1,6}\s")
MARKER = re.compile(r"[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++(?:\[[ xX]\][ \t]++)?|#{1,6}[ \t]++)?")
FENCE_LINE = re.compile(r"[ \t>]*+(?:`{3,40}+|~{3,40}+)[ \t]*+$", re.MULTILINE)
FENCE_START = re.compile(r"[\s>]*(?:`{3}|~{3})")


class Cuts:
    """The lines of a page that can reach `reach`, and where in them it can end."""

    def __init__(self, reopen: str, rest: str, reach: int) -> None:
        self.rest, self.reach = rest, after_space(rest, _behind_fence(rest, reach))
        self.floor = self.reach * 2 // 3
        self.blank, self.end = len(rest) - len(rest.lstrip()), len(rest.rstrip())
        self.lines = list(lines(reopen + rest[: self.reach + 1]))
        self.starts = [line.start - len(reopen) for line in self.lines]
        first = self.starts[self._number(self.floor)]
        self.atoms = [m.span() for m in ATOM.finditer(rest, max(0, first), self.reach + 200)]
        self.formulas = [span for span in _formulas(rest, self.floor, self.reach) if not self._in_code(span[0])]

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
        rows_or_code = (line.row or line.before or line.blank for line in self.lines)
        yield from self._last((start for start, held in zip(self.starts, rows_or_code, strict=True) if not held), floor)
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
        ends = (match.end() for match in pattern.finditer(self.rest, self.floor, self.reach + 1))
        return [end for end in ends if not _joined(self.rest, end)]

    def _whole(self, end: int) -> bool:
        """Whether `end` is in prose, breaks no link, code, marker or fence, and lets no block begin by accident."""
        broken = _inside(end, self.atoms) or _inside(end, self.formulas) or BLOCK_START.match(self.rest, end)
        number = self._number(end)
        line, start = self.lines[number], max(0, self.starts[number])
        behind_marker = start < end <= MARKER.match(self.rest, start).end()  # type: ignore[union-attr]
        return not (broken or behind_marker or line.before or FENCE_START.match(line.text))

    def _in_code(self, end: int) -> bool:
        return self.lines[self._number(end)].before is not None

    def _number(self, end: int) -> int:
        return max(0, bisect_right(self.starts, end) - 1)


def _formulas(text: str, floor: int, reach: int) -> list[tuple[int, int]]:
    start, end = max(0, floor - 2000), reach + 200
    return [match.span() for match in FORMULAS.finditer(text, start, end)] if MARKS.search(text, start, end) else []


def _behind_fence(text: str, reach: int) -> int:
    """Behind the fence that `reach` is in the middle of: a page that ends in a code block has its end anyway."""
    fence = FENCE_LINE.match(text, max(text.rfind("\n", 0, reach), text.rfind("\r", 0, reach)) + 1)
    return max(reach, fence.end()) if fence else reach


def _inside(end: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether `end` is in one of the spans, which are in order and do not overlap."""
    last = bisect_left(spans, (end, 0)) - 1
    return last >= 0 and end < spans[last][1]


def _bound(above: Line, line: Line) -> bool:
    """Whether `line` must stay with the last line above it that is not blank."""
    if line.before:
        return not line.after or not above.before
    if above.row and line.row and SEPARATOR.match(above.text + line.text.strip()):
        return True
    return not above.before and bool(HEADING.match(above.text))


def after_space(text: str, start: int) -> int:
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


def _joined(text: str, end: int) -> bool:
    """Whether what follows belongs to the character before it: an accent may stand on a space."""
    return len(next(iter_graphemes(text[end - 1 : end + 1]), "")) > 1


def _inside_pair(text: str, end: int) -> bool:
    return "\ud800" <= text[end - 1 : end] <= "\udbff" and "\udc00" <= text[end : end + 1] <= "\udfff"
