"""Nasty answers as models really write them, cut for Discord and Telegram and streamed in small pieces."""

from __future__ import annotations

from textwrap import indent

import pytest
import regex

from core.live.lines import closed
from core.live.markdown import blocks
from core.live.pages import START, Border, page, paginate
from core.live.unfinished import visible

CODE = "".join(f"    result_{number} = compute({number}, flag={number % 2 == 0})\n" for number in range(140))
ANSWERS = {
    "a long code block": f"Here it is:\n\n```python\ndef run():\n{CODE}```\n\nCall `run()`. " + "It works. " * 50,
    "a fence in a fence": f"````markdown\n# Title\n\n```python\n{CODE}```\n\nend\n````\n\nThat was all.",
    "tildes": f"~~~sh\n{CODE}```\n{CODE}~~~\nDone.",
    "code in nested lists": f"1. First:\n   - deeper:\n\n     ```js\n{indent(CODE, ' ' * 5)}     ```\n2. Next",
    "a table in CJK": "| 名称 | 说明 |\n|:--|--:|\n"
    + "".join(f"| 项目{n} | 这是**第{n}个**说明 🍎 |\n" for n in range(300)),
    "emoji": "👨‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽❤️" * 400,
    "Chinese without a space": "这是一个没有空格的很长的段落，" * 100 + "完。" + "其中没有标点" * 800,
    "Hindi and accents": "क्षत्रिय नमस्ते " * 200 + "e\u0301o\u0302\u0323 " * 500,
    "right to left": "مرحبا بالعالم، هذا نص طويل. " * 200 + "\u202bשלום\u202c " * 300,
    "one line of 100 kB": "x" * 100_000,
    "one address of 10 kB": "See https://example.org/" + "a1%20" * 2000 + " for more.",
    "LaTeX": "We have $$\\int_0^1 x^2\\,dx = \\frac{1}{3}$$ and \\(a_1 * b_2\\).\n\n" * 150,
    "links": "- see [the **manual** of it](https://example.org/a_(b)/c?d=e_f) and `x*y`\n" * 150,
    "line ends of Windows": "A line of text.\r\nAnother.\r\n\r\n```c\r\nint x;\r\n```\r\n" * 120,
    "quoted code": "> ```c\n" + "> int value = compute(1, 2, 3);\n" * 200 + "> ```\nafter",
    "never closed": f"Text\n\n```rust\n{CODE}",
    "only fences": "```\n" * 1500,
    "zalgo": "z" + "\u0335\u0301" * 3000 + " end",
}


def units(markdown: str) -> int:
    return len(markdown.encode("utf-16-le", "surrogatepass")) // 2


def stream(text: str, limit: int, piece: int) -> tuple[Border, ...]:
    borders = START
    for end in [*range(piece, len(text), piece), len(text)]:
        longer = paginate(text[:end], lambda markdown: units(markdown) / limit, borders)
        assert longer[: len(borders)] == borders
        borders = longer
        assert page(text[:end], borders, len(borders) - 1).strip()
        visible(page(text[:end], borders, len(borders) - 1))
    return borders


@pytest.mark.parametrize("limit", [2000, 4096])
@pytest.mark.parametrize("name", ANSWERS)
def test_a_nasty_answer_is_whole(name: str, limit: int) -> None:
    text = ANSWERS[name]
    borders = stream(text, limit, 997)
    shown = [page(text, borders, number) for number in range(len(borders))]
    assert all(markdown.strip() and units(markdown) <= limit and closed(markdown) == markdown for markdown in shown)
    ends = [*(border.offset for border in borders[1:]), len(text)]
    for border, end, markdown in zip(borders, ends, shown, strict=True):
        assert markdown.startswith(border.reopen + text[border.offset : end].rstrip())
    # Pages are cut in their last third at the earliest, so there are at most half as many again as there must be.
    assert len(borders) <= 1 + units(text) / limit * 1.6


@pytest.mark.parametrize("limit", [2000, 4096])
@pytest.mark.parametrize(
    "name", ["a long code block", "a fence in a fence", "tildes", "code in nested lists", "quoted code"]
)
def test_code_is_code_on_every_page_and_nothing_else_is(name: str, limit: int) -> None:
    text = ANSWERS[name]
    borders = stream(text, limit, 997)
    cut = [page(text, borders, number) for number in range(len(borders))]
    assert "".join(code(markdown) for markdown in cut) == code(text)
    languages = {token.info for markdown in cut for token in blocks(markdown) if token.type == "fence"}
    assert languages == {token.info for token in blocks(text) if token.type == "fence"}


def code(markdown: str) -> str:
    return "".join(token.content for token in blocks(markdown) if token.type == "fence")


@pytest.mark.parametrize("limit", [2000, 4096])
def test_a_table_is_a_table_on_every_page(limit: int) -> None:
    text = ANSWERS["a table in CJK"]
    borders = stream(text, limit, 997)
    tables = [
        token.content.split("\n")
        for number in range(len(borders))
        for token in blocks(page(text, borders, number))
        if token.type == "table"
    ]
    assert len(tables) == len(borders)
    assert {tuple(rows[0].split()) for rows in tables} == {("名称", "|", "说明")}
    assert sum(len(rows) - 2 for rows in tables) == 300


@pytest.mark.parametrize("name", ["emoji", "Hindi and accents", "Chinese without a space", "right to left"])
def test_no_letter_is_broken(name: str) -> None:
    text = ANSWERS[name]
    ends = {border.offset for border in stream(text, 2000, 997)}
    whole = {match.start() for match in regex.finditer(r"\X", text)}
    assert ends <= whole
    assert len(ends) > 2
