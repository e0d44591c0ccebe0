"""The lines of an answer, and which code block each of them stands in.

`core.live.pages` follows code blocks over its borders with it, `core.live.unfinished` finds what is still open.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]++")
# A fence may stand behind list markers and in quotes, however far it is indented there. CommonMark's four columns
# for indented code are left out: an answer that has them means a fence inside a list.
FENCE = re.compile(
    r"(?P<prefix>(?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t])*+)(?P<mark>`{3,}+(?=[^`]*$)|~{3,}+)[ \t]*(?P<language>[^\s`]*)"
)
SEPARATOR = re.compile(r"[\s>]*+\|?\s*+:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)*+\|?\s*+$")


@dataclass(frozen=True, slots=True)
class Fence:
    """The fence of a code block. prefix: what stands before it on its line, list markers as blanks."""

    prefix: str
    mark: str
    language: str

    def opens(self, *, bare: bool = False) -> str:
        """The line that opens the block again, with its language unless `bare`."""
        return f"{self.prefix}{self.mark}{'' if bare else self.language}\n"

    def closed_by(self, line: str) -> bool:
        body = self._body(line)
        return len(body) >= len(self.mark) and not body.strip(self.mark[0])

    def half_closed_by(self, line: str) -> str:
        """What a last line that may be going to close the block still lacks; "" when it is something else."""
        body = self._body(line)
        return "" if not body or body.strip(self.mark[0]) or line[-1].isspace() else self.mark[len(body) :]

    def left_by(self, line: str) -> bool:
        """A code block in a quote ends with the quote."""
        return ">" in self.prefix and not line.lstrip().startswith(">")

    def _body(self, line: str) -> str:
        return line.strip().lstrip("> \t" if ">" in self.prefix else "")


class Line(NamedTuple):
    """One line with its line end. before, after: the fence that is open at its beginning and behind it."""

    start: int
    text: str
    before: Fence | None = None
    after: Fence | None = None

    @property
    def blank(self) -> bool:
        return not self.text.strip()

    @property
    def row(self) -> bool:
        """Whether it can belong to a table."""
        return "|" in self.text and not self.before and not self.after


def lines(markdown: str) -> Iterator[Line]:
    fence: Fence | None = None
    for match in LINE.finditer(markdown):
        text = match[0]
        before = None if fence and fence.left_by(text) else fence
        fence = _after(before, text) if "```" in text or "~~~" in text else before
        yield Line(match.start(), text, before, fence)


def _after(fence: Fence | None, text: str) -> Fence | None:
    if fence:
        return None if fence.closed_by(text) else fence
    found = FENCE.match(text.rstrip())
    return Fence(re.sub(r"[^\s>]", " ", found["prefix"]), found["mark"], found["language"]) if found else None


@lru_cache(maxsize=8)  # a page is measured and then shown
def closed(markdown: str) -> str:
    """The text without the whitespace at its end, and with the end of its code block if that is still open.

    A last line that is half a fence is completed; with a line end behind it, it is code.
    """
    body = markdown.rstrip()
    last = deque(lines(body), maxlen=1)
    if not last or not last[0].after:
        return body
    fence, half = last[0].after, last[0].before and last[0].after.half_closed_by(last[0].text)
    if half and "\n" not in markdown[len(body) :]:
        return body + half
    return f"{body}\n{fence.prefix}{fence.mark}"
