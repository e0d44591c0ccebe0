"""What was said and what arrived, in one normal form: letters and digits in their order, without any markup.

Answers are built here together with what a reader must see of them, so that nothing is judged by the code under test.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

from bots.discord.render import render as discord
from bots.telegram.render import render as telegram
from core.live.markdown import parse
from core.live.pages import START, Border, Fill, page, paginate
from core.live.unfinished import visible
from core.surface import Rendered

Said = tuple[str, str]
"""Markdown, and what a reader sees of it."""

FENCE = re.compile(r"^((?:> )?)```\S*$", re.MULTILINE)
TARGET = re.compile(r"\]\((?:[^()\s]|\([^()\s]*\))*\)")


def letters(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter.isalnum())


@dataclass(frozen=True)
class App:
    """A platform with its reader: a message without its markup, and the raw syntax that still shows in it."""

    name: str
    render: Callable[[str], Rendered]
    limit: int
    read: Callable[[Rendered], str]
    raw: Callable[[Rendered], set[str]]

    def fill(self, limit: int) -> Fill:
        return lambda markdown: max(self.render(m).size for m in {markdown, visible(markdown)}) / limit


def _outside_code(rendered: Rendered) -> str:
    """A Telegram message without its code blocks (tables are such)."""
    units = rendered.text.encode("utf-16-le")
    for span in reversed(rendered.payload):
        if span.type == "pre":
            units = units[: 2 * span.offset] + units[2 * span.end :]
    return units.decode("utf-16-le")


def _text_tokens(rendered: Rendered) -> str:
    """What Discord shows as text: neither code nor markup. Its dialect is a part of ours, so ours can read it."""
    tokens = parse(re.sub(r"(?m)^-# ", "", rendered.text)) or []
    return "".join(
        child.content for token in tokens for child in token.children or () if child.type in ("text", "softbreak")
    )


SYNTAX = set("*`~|[]#_\\$")

APPS = [
    App("telegram", telegram, 4096, lambda r: r.text, lambda r: SYNTAX & set(_outside_code(r))),
    App(
        "discord",
        discord,
        2000,
        lambda r: TARGET.sub("", FENCE.sub("", r.text)),
        lambda r: SYNTAX & set(_text_tokens(r)),
    ),
]


def messages(app: App, text: str, borders: tuple[Border, ...], *, ended: bool) -> list[Rendered]:
    """What is on screen, as the core does it: full pages as they are, the last one without what is unfinished."""
    pages = [page(text, borders, number) for number in range(len(borders))]
    return [app.render(one if ended or one is not pages[-1] else visible(one)) for one in pages]


def arrived(app: App, shown: list[Rendered], borders: tuple[Border, ...]) -> str:
    """The letters of all messages; the head of a table that is repeated on a page counts once."""
    out = ""
    for rendered, border in zip(shown, borders, strict=True):
        said = letters(app.read(rendered))
        head = letters(re.sub(r"[`*~]", "", border.reopen)) if "|" in border.reopen else ""
        assert said.startswith(head)
        out += said.removeprefix(head)
    return out


def growing(
    app: App, text: str, limit: int, steps: Iterator[int]
) -> Iterator[tuple[str, list[Rendered], tuple[Border, ...]]]:
    """Every prefix that ends at one of the steps, with what is on screen then. The whole text is the last."""
    borders = START
    for end in steps:
        borders = paginate(text[:end], app.fill(limit), borders)
        yield text[:end], messages(app, text[:end], borders, ended=end == len(text)), borders


WORD = st.sampled_from(["alpha", "beta", "Ωmega", "delta9", "字句", "naïve", "한국", "𝐛old"])
RUN = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
FORMULAS = st.sampled_from(
    [
        (r"\frac{a}{b}", "a/b"),
        (r"x^2 + y_1", "x2 + y1"),
        (r"\sqrt{x+1} \le \alpha", "x + 1 α"),
        (r"\sum_{i=1}^n i", "∑ i=1 n i"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "a b c d"),
        (r"\text{if } k \times 2", "if k 2"),
    ]
)


def _span(form: str) -> st.SearchStrategy[Said]:
    return RUN.map(lambda run: (form.format(run), run))


SPAN = st.one_of(
    RUN.map(lambda run: (run, run)),
    *map(_span, ["**{}**", "*{}*", "`{}`", "~~{}~~", "***{}***", "||{}||", "__{}__"]),
    *map(_span, ["[{}](https://e.example/a_(b)/*c*)", "**[{}](https://e.example)**", "[**{}**](https://e.example)"]),
    *map(_span, ["![{}](https://e.example/i.png)", "*{} \\* {{}}*", "{}: 5 < 6 & 2 * 3,"]),
    FORMULAS.map(lambda pair: (f"${pair[0]}$", pair[1])),
    FORMULAS.map(lambda pair: (rf"\({pair[0]}\)", pair[1])),
    st.just(("it costs $5 or $6.", "it costs 5 or 6")),
)


def _fix(span: Said) -> Said:
    return (span[0].replace(" \\* {}*", "*"), span[1] + (" 5 6 2 3" if span[0].endswith("2 * 3,") else ""))


PROSE = st.lists(SPAN.map(_fix), min_size=1, max_size=5).map(
    lambda spans: (" ".join(markdown for markdown, _ in spans), " ".join(said for _, said in spans))
)
LIST = st.lists(PROSE, min_size=1, max_size=4)


def _lines(before: Callable[[int], str], seen: Callable[[int], str] = lambda n: "") -> Callable[[list[Said]], Said]:
    def joined(items: list[Said]) -> Said:
        markdown = "\n".join(before(n) + item for n, (item, _) in enumerate(items, 1))
        return markdown, " ".join(seen(n) + " " + said for n, (_, said) in enumerate(items, 1))

    return joined


def _code(fence: str) -> st.SearchStrategy[Said]:
    runs = st.lists(RUN, min_size=1, max_size=6)
    return runs.map(lambda code: (f"{fence}python\n" + "\n".join(code) + f"\n{fence}", " ".join(code)))


PLAIN_CELL = st.one_of(RUN.map(lambda run: (run, run)), _span("**{}**"), _span("`{}`"))
TABLE = st.lists(st.tuples(PLAIN_CELL, PLAIN_CELL), min_size=2, max_size=6).map(
    lambda rows: (
        "\n".join(["| {} | {} |".format(*(cell[0] for cell in rows[0])), "|---|:-:|"])
        + "".join(f"\n| {a[0]} | {b[0]} |" for a, b in rows[1:]),
        " ".join(cell[1] for row in rows for cell in row),
    )
)
BLOCK = st.one_of(
    PROSE,
    PROSE.map(lambda prose: ("## " + prose[0], prose[1])),
    PROSE.map(lambda prose: ("##### " + prose[0], prose[1])),
    LIST.map(_lines(lambda n: "- ")),
    # behind words of its own, as two numbered lists in a row are one
    LIST.map(_lines(lambda n: f"{n}. ", str)).map(lambda said: ("steps\n\n" + said[0], "steps " + said[1])),
    LIST.map(_lines(lambda n: "- [x] ")),
    LIST.map(_lines(lambda n: "> ")),
    FORMULAS.map(lambda pair: (f"$$\n{pair[0]}\n$$", pair[1])),
    FORMULAS.map(lambda pair: (f"\\[\n{pair[0]}\n\\]", pair[1])),
    _code("```"),
    _code("~~~~"),
    TABLE,
    st.just(("---", "")),
)
ANSWERS = st.lists(BLOCK, min_size=1, max_size=5).map(
    lambda blocks: ("\n\n".join(markdown for markdown, _ in blocks), " ".join(said for _, said in blocks))
)
"""A finished answer as models write them, and what a reader sees of it."""
