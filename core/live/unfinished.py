"""What of an unfinished answer can be shown.

`core.live.delivery` sends the open page through `visible` before it is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from core.live.formulas import FORMULA, MARKS, OPEN_FORMULA
from core.live.lines import SEPARATOR, Line, closed, lines

HEADING_OR_RULE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|(?:\*[ \t]*){3,}$|(?:-[ \t]*){3,}$|(?:_[ \t]*){3,}$)")
BLOCK = re.compile(r"[\s>]*+(?:[-*+]|\d{1,9}[.)])[ \t]")
# Possessive, here and below: a model may send thousands of blanks, and nothing may be tried twice on them.
LONE_MARKER = re.compile(
    r"[ \t>]*+(?:--|#{1,6}+|`{1,2}+|~{1,2}+|(?:(?:[-*+]|\d{1,9}[.)])[ \t]*+)?(?:\[[ xX]?\]?)?)[ \t]*+$"
)
CODE = r"(?<!`)(?P<ticks>`++)[\s\S]*?(?<!`)(?P=ticks)(?!`)"
SETTLED = re.compile(rf"{FORMULA.pattern}|\\[\s\S]|{CODE}")
# A backtick that is left over begins code, and in code there are no formulas.
FORMULAS = re.compile(rf"(?P<formula>{FORMULA.pattern})|(?P<open>{OPEN_FORMULA.pattern})|\\[\s\S]|{CODE}|(?P<code>`)")
WHOLE_LINK = re.compile(r"!?\[[^\[\]]*+\](?:\((?:[^()\n]++|\([^()\n]*+\))*+\)|\[[^\[\]\n]*+\])")
OPEN_LINK = re.compile(
    r"(?P<image>!?)\[(?P<text>[^\[\]]{0,200}+)(?P<rest>|\](?:\((?:[^()\n]++|\([^()\n]*+\)?+)*+|\[[^\[\]\n]*+)?)\Z"
)
# Brackets that are no link: a task's box, a source's number, a footnote.
BRACKETS = re.compile(r"[ xX]|\d{1,3}|\^\w*")
OPEN_TAG = re.compile(r"(?:<(?:[/!]?[A-Za-z][\w:/.?=&%#+~@-]*)?|&(?:#[\dA-Fa-fxX]{0,7}|[A-Za-z][A-Za-z\d]{0,7})?)\Z")
RUN = re.compile(r"\*+|_+|~+|\|+")


@lru_cache(maxsize=8)  # a page is measured and then shown
def visible(markdown: str) -> str:
    """What is shown of an answer that is still being written: its open ends are closed or held back.

    Only the tail differs, and a well-formed text comes back as it is. Held back are: half a table row or a header
    without its separator, a code block without content, half a fence, a lone list marker, a link's brackets and
    address until it is complete, half a formula.
    """
    if not (found := list(lines(markdown))):
        return markdown
    if opener := _empty_code(found):
        return markdown[: opener.start]
    if found[-1].after:
        return closed(markdown)
    end, formulas = _formulas(markdown, found)
    if end < len(markdown):
        markdown = markdown[:end]
        found = list(lines(markdown))
    if rows := _last_rows(found):
        return markdown[: _complete_rows(rows)]
    start = _last_block(found)
    start = next((end for begin, end in formulas if begin < start < end), start)
    return _without_lone_marker(markdown[:start] + _inline(_without_lone_marker(markdown)[start:]))


def _without_lone_marker(markdown: str) -> str:
    """Without a last line on which nothing follows a list's marker, a task's box or half a fence yet."""
    line = max(markdown.rfind("\n"), markdown.rfind("\r")) + 1
    return markdown[:line] if LONE_MARKER.match(markdown, line) else markdown


def _empty_code(found: Sequence[Line]) -> Line | None:
    """The opening line of a code block at the end that has nothing in it yet, whether `closed` has ended it or not."""
    for line in reversed(found):
        if line.after and not line.before:
            return line
        half = line is found[-1] and line.before and line.before.half_closed_by(line.text)
        if not (line.blank or half) and (line.after or not line.before):
            return None
    return None


def _formulas(markdown: str, found: Sequence[Line]) -> tuple[int, list[tuple[int, int]]]:
    """In the last paragraph: where a formula is being written, or the text's end; and the spans of the whole ones."""
    start = end = len(markdown)
    for line in reversed(found):
        if line.blank or line.before:
            break
        start = line.start
    whole: list[tuple[int, int]] = []
    for part in FORMULAS.finditer(markdown, start) if MARKS.search(markdown, start) else ():
        if part["code"]:
            break
        if part["open"] is not None:
            end = part.start()
        elif part["formula"] is not None:
            whole.append(part.span())
    return end, whole


def _last_rows(found: Sequence[Line]) -> list[Line]:
    """The lines at the end that are, or may become, a table."""
    first = len(found)
    while first and found[first - 1].row:
        first -= 1
    rows = list(found[first:])
    begins = bool(rows) and re.match(r"[\s>]*\|(?!\|)", rows[0].text)
    return rows if begins or any(SEPARATOR.match(row.text) for row in rows[1:2]) else []


def _complete_rows(rows: Sequence[Line]) -> int:
    """Where the last complete row of the table ends. Lines that turned out to be no table are all complete."""
    head, last = rows[0], rows[-1]
    end = last.start + len(last.text)
    if not any(SEPARATOR.match(row.text) for row in rows[1:2]):
        undecided = len(rows) < 3 and not "".join(row.text for row in rows[1:]).strip("|:- \t\r\n>")
        return head.start if undecided else end
    if last.text.endswith("\n") or _is_complete(last.text, head.text):
        return end
    return head.start if len(rows) == 2 else last.start


def _is_complete(row: str, head: str) -> bool:
    row, head = row.strip(), head.strip()
    piped = row.endswith("|") and not row.endswith("\\|")
    return _cells(row) >= _cells(head) and (piped or not head.endswith("|"))


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row.strip("> \t").removeprefix("|").removesuffix("|"))) + 1


def _last_block(found: Sequence[Line]) -> int:
    """Where the last paragraph, list item or heading begins."""
    for number in range(len(found) - 1, -1, -1):
        line = found[number]
        if line.before or line.blank or (HEADING_OR_RULE.match(line.text.rstrip()) and line.text.endswith("\n")):
            return line.start + len(line.text)
        if BLOCK.match(line.text):
            return line.start
    return 0


def _inline(block: str) -> str:
    """One block with its inline marks closed. `mask` is the block with everything that is settled made letters."""
    mask = SETTLED.sub(_letters, block)
    closers = ""
    if code := re.search(r"`+", mask):
        body = block[code.end() :].rstrip("`")
        block = block[: code.end()] + body if body.strip() else block[: code.start()]
        closers = code[0] if body.strip() else ""
        mask = mask[: code.start()] + "x" * (len(block) - code.start())
    for _ in range(2):  # a link may hold a picture
        mask = WHOLE_LINK.sub(_letters, mask)
    block, mask = _without_open_link(block, mask)
    tail = OPEN_TAG.search(mask) or re.search(r"\\\Z", mask)
    if tail:
        block, mask = block[: tail.start()], mask[: tail.start()]
    end, marks = _open_marks(mask)
    block, closers = block[:end], closers + marks
    text = block.rstrip() if closers else block
    return text + closers + block[len(text) :]


def _letters(match: re.Match[str]) -> str:
    return "x" * len(match[0])


def _without_open_link(block: str, mask: str) -> tuple[str, str]:
    """An unfinished link is shown as its text, an unfinished picture not at all."""
    link = OPEN_LINK.search(mask)
    if not link or (link["rest"] == "]" and BRACKETS.fullmatch(block[link.start("text") : link.end("text")])):
        return block, mask
    text = slice(link.end() if link["image"] else link.start("text"), link.end("text"))
    return block[: link.start()] + block[text], mask[: link.start()] + mask[text]


def _open_marks(mask: str) -> tuple[int, str]:
    """Where the text ends without marks that nothing follows yet, and what closes the marks that are open there."""
    open_marks: list[str] = []
    tail = len(mask.rstrip("*_~| \t\r\n"))
    for run in RUN.finditer(mask):
        if run.start() < tail:
            _follow(open_marks, run[0], mask[: run.start()][-1:], mask[run.end()])
        elif not _ends(open_marks, run[0], mask[: run.start()][-1:]):
            return run.start(), "".join(reversed(open_marks))
    return len(mask), "".join(reversed(open_marks))


def _follow(open_marks: list[str], mark: str, left: str, right: str) -> None:
    """Close or open with a run of marks between two characters, as far as CommonMark would."""
    if mark[0] in "~|" and len(mark) != 2:
        return
    inside_word = left.isalnum() and right.isalnum()
    if left.strip() and not (mark[0] == "_" and right.isalnum()):
        mark = _close(open_marks, mark)
    if mark and not right.isspace() and not (inside_word and (mark == "*" or mark[0] == "_")):
        open_marks.append(mark)


def _close(open_marks: list[str], mark: str) -> str:
    """Take `mark` off the open ones; what is left of it."""
    while mark:
        at = next((n for n in range(len(open_marks) - 1, -1, -1) if _pair(open_marks[n], mark)), None)
        if at is None:
            break
        del open_marks[at + 1 :]
        both = min(len(mark), len(open_marks[at]))
        mark, open_marks[at] = mark[both:], open_marks[at][both:]
        if not open_marks[at]:
            del open_marks[at]
    return mark


def _pair(opened: str, mark: str) -> bool:
    """One star does not close two; of three, either closes its part."""
    return opened[0] == mark[0] and (len(opened) == len(mark) or max(len(opened), len(mark)) > 2)


def _ends(open_marks: list[str], mark: str, left: str) -> bool:
    """Whether a run at the very end belongs there: it closes exactly what is open, or is part of a word."""
    rest = list(open_marks)
    if left.strip() and not _close(rest, mark) and len("".join(open_marks)) - len("".join(rest)) == len(mark):
        whole = rest == open_marks[: len(rest)]
        open_marks[:] = rest if whole else open_marks
        return whole
    return mark[0] == "_" and left.isalnum() and not any(other[0] == "_" for other in open_marks)
