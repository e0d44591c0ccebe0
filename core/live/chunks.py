"""Cuts an answer into chunks that Markdown reads alike alone and together, so that an edit renders only what is new.

The bots' renderers call it. All chunks but the last are the same in the next, longer text.
"""

from __future__ import annotations

import re

from core.live.lines import lines

# Behind a blank line a line without indentation ends whatever was open but a code block, and the numbers of a list.
_EDGE = re.compile(r"\n[ \t]*+\n(?=(?P<number>\d{1,9})[.)](?:[ \t]|$)|[^ \t\n])", re.MULTILINE)
_NUMBER = re.compile(r"^ {0,3}(\d{1,9})[.)](?=[ \t]|$)", re.MULTILINE)


def chunks(text: str) -> list[str]:
    """The chunks of a text with "\\n" for its line ends; together they are the text. Never empty."""
    fenced = _fenced(text)
    out, start = [], 0
    for edge in _EDGE.finditer(text):
        end = edge.end()
        if end not in fenced and (edge["number"] is None or _counts_on(text[start:end], int(edge["number"]))):
            out.append(text[start:end])
            start = end
    return [*out, text[start:]]


def _fenced(text: str) -> set[int]:
    """The beginnings of the lines that are in a code block."""
    if "```" not in text and "~~~" not in text:
        return set()
    return {line.start for line in lines(text) if line.before}


def _counts_on(chunk: str, number: int) -> bool:
    """Whether a list that goes on with `number` shows it: one that is not numbered in order is counted anew."""
    written = [int(found) for found in _NUMBER.findall(chunk)]
    return written == list(range(number - len(written), number))
