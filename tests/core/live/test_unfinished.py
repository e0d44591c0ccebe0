"""What is shown of an unfinished answer."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.live.lines import lines
from core.live.unfinished import visible

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

# A beginning of an answer and what is shown of it.
OPEN = [
    ("some **bold", "some **bold**"),
    ("some **bold ", "some **bold** "),
    ("some **bold*", "some **bold**"),
    ("some **", "some "),
    ("some *", "some "),
    ("some *it", "some *it*"),
    ("some _it", "some _it_"),
    ("***both", "***both***"),
    ("***both*", "***both***"),
    ("**bold *and", "**bold *and***"),
    ("**bold *and**", "**bold *and***"),
    ("~~gone", "~~gone~~"),
    ("~~gone~", "~~gone~~"),
    ("||secret", "||secret||"),
    ("||secret|", "||secret||"),
    ("run `make", "run `make`"),
    ("run `", "run "),
    ("run ``a`b", "run ``a`b``"),
    ("run ``a`", "run ``a``"),
    ("**run `make", "**run `make`**"),
    ("这是**重点", "这是**重点**"),
    ("see [the docs", "see the docs"),
    ("see [the docs]", "see the docs"),
    ("see [the docs](https://ex", "see the docs"),
    ("see [it](https://en.example.org/a_(b", "see it"),
    ("see [the docs][re", "see the docs"),
    ("see [**the", "see **the**"),
    ("a picture: ![of a c", "a picture: "),
    ("a picture: ![of a cat](http", "a picture: "),
    ("mail <https://exa", "mail "),
    ("a line<br", "a line"),
    ("an escape \\", "an escape "),
    ("- one\n- ", "- one\n"),
    ("- one\n-", "- one\n"),
    ("- one\n  1.", "- one\n"),
    ("- [ ] ", ""),
    ("- one\n- [x", "- one\n"),
    ("a &", "a "),
    ("a &amp", "a "),
    ("**a &#x2", "**a** "),
    ("`a &amp", "`a &amp`"),
    ("text\n\n##", "text\n\n"),
    ("text\n\n## ", "text\n\n"),
    ("text\n\n> ", "text\n\n"),
    ("text\n\n--", "text\n\n"),
    ("text\n``", "text\n"),
    ("text\n```", "text\n"),
    ("text\n```pyth", "text\n"),
    ("text\n```python\n", "text\n"),
    ("text\n```python\n```", "text\n"),  # as `page` closes it
    ("```python\nx = [1, **y", "```python\nx = [1, **y\n```"),
    ("```python\nx\n`", "```python\nx\n```"),
    ("````\n```\nx\n```", "````\n```\nx\n````"),
    ("````\n```\nx\n```\n", "````\n```\nx\n```\n````"),
    ("- a\n  ```sh\n  make", "- a\n  ```sh\n  make\n  ```"),
    # a formula is shown when it is complete
    ("so $x^2 + ", "so "),
    ("so **it is $x_1", "so **it is** "),
    ("so \\(a_1 \\fr", "so "),
    ("so:\n\\[\na\n- b", "so:\n"),
    ("so:\n\n$$\n\\frac{a}", "so:\n\n"),
    ("> so\n> $$\n> a\n> |b|", "> so\n"),
    ("- one\n- \\[x", "- one\n"),
    ("1. \\begin{align}\na &= b", ""),
    ("run `echo $x", "run `echo $x`"),
    ("```sh\necho $x", "```sh\necho $x\n```"),
    ("it costs $5 and", "it costs $5 and"),
    ("it costs $5 or $6, **not", "it costs $5 or $6, **not**"),
    ("| a | b |\n|---|---|\n| 1 | $x", "| a | b |\n|---|---|\n"),
    ("| a", ""),
    ("text\n\n| a | b |", "text\n\n"),
    ("text\n\n| a | b |\n", "text\n\n"),
    ("text\n\n| a | b |\n|--", "text\n\n"),
    ("| a | b |\n|---|---|", "| a | b |\n|---|---|"),
    ("| a | b |\n|---|---|\n| 1", "| a | b |\n|---|---|\n"),
    ("| a | b |\n|---|---|\n| 1 | 2 |\n| **3", "| a | b |\n|---|---|\n| 1 | 2 |\n"),
    ("| a | b |\n|---|---|\n| 1 \\| x |", "| a | b |\n|---|---|\n"),
]


@pytest.mark.parametrize(("beginning", "shown"), OPEN)
def test_open_ends_are_closed_or_held_back(beginning: str, shown: str) -> None:
    assert visible(beginning) == shown
    assert visible(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain words, 2 * 3 = 6, 3*4=12, a_snake_case_name, 5 < 6, C:\\dir, ~5 km, a | b, it's 100% (really)!",
        "**bold** *it* _it_ __init__ `code` ~~gone~~ ||secret|| ***both*** **a *b* c** [x](http://y.z) <http://y.z>",
        "**Note:** as shown in [1]",
        "![picture](http://y.z/a.png)",
        "[![badge](http://y.z/a.png)](http://y.z)",
        "a \\* star and \\` tick",
        "# Heading\n\n- one\n- **two**\n  1. three\n- [x] done",
        "text\n\n---\n\nmore\n\n***\n",
        "| a | b |\n|---|:-:|\n| 1 | `x` |\n| 3 | 4 |",
        "a | b\n--- | ---\n1 | 2",
        "```python\nx = '**'\n```",
        "```python\nx = [\n```\nand **this**",
        "> quoted **text**\n> more",
        "$x_1 * y_2$ and \\(a\\) or \\(see below\\)",
        "so $x$",
        "\\[\na\n+ *b\n\\]",
        "it costs $5, not $6.",
        "price: 5$",
        "> $$\n> x\n> $$\n\n\\begin{align}\na &= b\n\\end{align}",
        "这是**重点**内容。",
        "|x| is an absolute value\nof x",
    ],
)
def test_a_finished_text_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


def words(markdown: str) -> list[str]:
    return "".join(_content(token) for token in RENDERER.parse(markdown)).split()


def _content(token: Token) -> str:
    inner = "".join(" " if child.type == "softbreak" else child.content for child in token.children or ())
    return inner + " " if token.type == "inline" else token.content if token.type == "fence" else ""


WORD = st.sampled_from(["alpha", "beta", "gamma", "delta", "omega", "字句"])
RUN = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
SPAN = st.one_of(
    RUN,
    *(
        RUN.map(form.format)
        for form in ("**{}**", "*{}*", "`{}`", "~~{}~~", "***{}***", "[{}](https://e.org/a_(b)/*c*)")
    ),
    RUN.map("**{0} `{0}`**".format),
    RUN.map("[**{}**](https://e.org)".format),
)
PROSE = st.lists(SPAN, min_size=1, max_size=6).map(" ".join)
BLOCK = st.one_of(
    PROSE,
    PROSE.map("## {}".format),
    st.lists(PROSE, min_size=1, max_size=4).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(PROSE, min_size=1, max_size=4).map(lambda items: "\n".join(f"{n}. {i}" for n, i in enumerate(items, 1))),
    st.lists(RUN, min_size=1, max_size=4).map(lambda code: "```python\n" + "\n".join(code) + "\n```"),
    st.lists(RUN, min_size=1, max_size=4).map(lambda code: "~~~~\n" + "\n".join(code) + "\n~~~~"),
    st.lists(st.tuples(SPAN, SPAN), min_size=2, max_size=4).map(
        lambda rows: "\n".join(f"| {a} | {b} |" for a, b in [rows[0], ("---", ":-:"), *rows[1:]])
    ),
)
ANSWERS = st.lists(BLOCK, min_size=1, max_size=4).map("\n\n".join)


@given(ANSWERS)
@settings(deadline=None, max_examples=30)
def test_every_beginning_shows_a_beginning_of_the_words_and_no_raw_syntax(answer: str) -> None:
    complete = " ".join(words(answer))
    assert visible(answer) == answer
    for end in range(len(answer)):
        shown = visible(answer[:end])
        said = " ".join(words(shown))
        assert complete.startswith(said.rstrip("1234")), answer[:end]  # "1" may still become "1."
        assert not set(said) & set("*`~|[]()#<>_\\"), answer[:end]
        assert visible(shown) == shown, answer[:end]


@given(ANSWERS)
@settings(deadline=None, max_examples=20)
def test_hardly_anything_is_held_back(answer: str) -> None:
    for end in range(len(answer)):
        held = len(words(answer[:end])) - len(words(visible(answer[:end])))
        in_table = answer[:end].rpartition("\n\n")[2].startswith("|")
        assert held <= 1 or in_table or "](" in answer[:end].rpartition("[")[2], answer[:end]


@given(st.text() | st.text(alphabet="*_~|`[]()!<>\\-#1. a\n", max_size=200))
@settings(deadline=None, max_examples=500)
def test_any_text_at_all(text: str) -> None:
    shown = visible(text)
    beginning = 0
    while beginning < len(shown) and shown[beginning] == text[beginning : beginning + 1]:
        beginning += 1
    last = max(text.rfind("\n\n"), 0)
    assert "\n\n" not in shown[beginning:].rstrip() or beginning >= last  # only the tail differs
    assert not [line for line in lines(shown)][-1:] or [line for line in lines(shown)][-1].after is None


@pytest.mark.parametrize(
    "text",
    [
        "word **bold** [link](http://y.z) `code` " * 100,
        "*a ~~b " * 600,
        "[" * 4000,
        "](" * 2000,
        "`" * 4000,
        "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 400,
        "```\n" + "x\n" * 2000,
        "*~" * 2000,
        "` `` ``` " * 450,
        " " * 4000 + "x",
        "| a\n" + " " * 4000 + "|x",
        "- [ " + " " * 4000 + "x",
        "\t> " * 1300,
        "**a" * 1300,
        "![" * 2000,
        "<a" * 2000,
    ],
    ids=lambda text: text[:12],
)
def test_it_is_cheap(text: str) -> None:
    best = min(_seconds(text) for _ in range(5))
    assert best < 0.01  # under 0.001 s on an idle core for ordinary text; ten times that under load


def _seconds(text: str) -> float:
    begun = time.process_time()
    visible(text)
    return time.process_time() - begun
