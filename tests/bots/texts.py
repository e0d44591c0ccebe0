"""Long texts, ordinary and nasty, of any length: for tests that count, and the benchmark that measures."""

from __future__ import annotations

from collections.abc import Callable

Make = Callable[[int], str]


def repeated(piece: str) -> Make:
    return lambda size: (piece * (size // len(piece) + 1))[:size]


def numbered(line: str, before: str = "") -> Make:
    """Lines with their number in them, so that no two pages are alike."""

    def make(size: int) -> str:
        lines = size // len(line) + 1
        return (before + "".join(line.replace("#N", str(number)) for number in range(lines)))[:size]

    return make


def deeper(mark: str, depth: int) -> Make:
    """Lines each of which is nested deeper than the one above, again and again."""
    return lambda size: "".join(f"{mark * (n % depth)}- item {n}\n" for n in range(size // 8))[:size]


ORDINARY = (
    "## Part #N\n\nSome **bold** words, `code`, a [link](https://example.org/#N) and *more*.\n\n- one\n- two\n\n"
    "```python\nprint(#N)\n```\n\n1. first\n2. second $x_{#N}^2$\n\n| a | b |\n|---|---|\n| #N | **x** |\n\n"
)
LONG: dict[str, Make] = {
    "ordinary": numbered(ORDINARY),
    "words": numbered("word #N of many "),
    "code": numbered("value_#N = compute(#N)\n", "```python\n"),
    "CJK": numbered("这是第#N个没有空格的很长的段落，"),
    "CJK without a sign": repeated("字"),
    "right to left": numbered("مرحبا بالعالم، هذا نص #N طويل. "),
    "formulas": numbered(r"So \(\frac{a}{b}\) and $x_{#N}^2$ are equal. "),
    "table": numbered("| #N | **x** `y` | [l](https://example.org/#N) |\n", "| a | b | c |\n|---|:-:|--:|\n"),
    "wide table": lambda size: "|" + "a|" * (size // 4 - 1) + "\n|" + "-|" * (size // 4 - 1) + "\n",
    "one line": repeated("x"),
    "emoji": repeated("👨‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽❤️"),
    "flags": repeated("🇩🇪"),
    "combining marks": lambda size: "z" + "\u0301" * (size - 1),
    "lone surrogates": repeated("\ud83d"),
    "backticks": repeated("`"),
    "runs of backticks": lambda size: "".join("`" * (n % 50 + 1) + " " for n in range(size // 10))[:size],
    "brackets": repeated("["),
    "half links": repeated("[]("),
    "half pictures": repeated("[!["),
    "alternating fences": repeated("```py\nx\n~~~\n```\n~~~\n"),
    "fences": repeated("```\n"),
    "nested lists": deeper("  ", 60),
    "nested quotes": deeper("> ", 40),
    "too deep": repeated("> - "),
    "one dollar": lambda size: "$x_1 " + repeated("word ")(size - 5),
    "dollars": repeated("$a "),
    "half formulas": repeated("\\("),
    "stars": repeated("*a "),
    "bars": repeated("||a "),
    "HTML": repeated("<b>a</b>&amp;"),
    "bullets": repeated("- a b\n"),
    "rules": repeated("---\n"),
    "blank": lambda size: "a" + "\n" * (size - 2) + "b",
}
