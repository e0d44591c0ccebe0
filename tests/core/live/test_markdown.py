"""The Markdown of models as tokens: which rules hold, what a formula is, and what is the same for every bot."""

from __future__ import annotations

import time

import pytest
from markdown_it.token import Token

from core.live.markdown import BOXES, NESTING, TASK, blocks, language, parse


def shape(tokens: list[Token] | None) -> str:
    """The blocks by name, and of running text what stands in it: "paragraph(strong:text)"."""
    assert tokens is not None
    out: list[str] = []
    for token in tokens:
        name = token.type.removesuffix("_open")
        if token.type == "inline":
            out.append(",".join(child.content or child.type for child in token.children or () if child.type != "text"))
        elif token.nesting >= 0:
            out.append(name)
    return " ".join(part for part in out if part)


@pytest.mark.parametrize(
    ("markdown", "blocks_of_it"),
    [
        ("text\n---", "paragraph hr"),  # no underlined heading
        ("Things:\n-", "paragraph"),
        ("[1]: https://example.org", "paragraph"),  # no link definition
        ("<div>\n<!-- x -->\n</div>", "paragraph"),  # no HTML
        ("    indented", "paragraph"),  # no code by indentation alone
        ("     ```js\n     x\n     ```", "fence"),
        ("     > said", "blockquote paragraph"),
        ("|a|\n|-|\n|b|", "table"),
    ],
)
def test_rules_that_lose_or_surprise_are_off(markdown: str, blocks_of_it: str) -> None:
    assert shape(blocks(markdown)) == blocks_of_it
    assert shape(parse(markdown)).partition(" softbreak")[0] == blocks_of_it


def test_the_code_of_a_fence_loses_the_columns_before_it() -> None:
    (fence,) = blocks("     ```js\n     if (x) {\n       y();\n     }\n     ```")
    assert fence.content == "if (x) {\n  y();\n}\n"


def test_blocks_leave_running_text_alone() -> None:
    (_, inline, _) = blocks("**a** \\(b\\)")
    assert (inline.content, inline.children) == ("**a** \\(b\\)", [])


@pytest.mark.parametrize(
    ("markdown", "inside"),
    [
        ("这是**注意：**字", "strong_open,strong_close"),
        ("2**3 and **x:**y", ""),
        ("||a|| ~~b~~", "spoiler_open,spoiler_close,s_open,s_close"),
        ("a || b || c", ""),
        ("\\(a *b* c\\) $x*y*z$ *d*", "em_open,em_close"),
    ],
)
def test_running_text(markdown: str, inside: str) -> None:
    assert shape(parse(markdown)) == f"paragraph {inside}".strip()


def test_a_formula_in_running_text_is_text() -> None:
    (_, inline, _) = parse("**so** \\(a_1 * b_2\\) and `$x^2$`, *now*") or ()
    assert [child.content for child in inline.children or () if child.content] == [
        "so", " a₁*b₂ and ", "$x^2$", ", ", "now"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("markdown", "blocks_of_it", "shown", "lines"),
    [
        ("\\[\nx^2\n\\]", "formula", "x²", [0, 3]),
        ("so\n$$x^2$$\nand", "paragraph formula paragraph", "x²", [1, 2]),
        ("- $$\n  a\n  - b\n  $$\n- c", "bullet_list list_item formula list_item paragraph", "a − b", [0, 4]),
        ("> \\[\n> a\n> > b\n> \\]\nc", "blockquote formula paragraph", "a > b", [0, 4]),
        ("\\begin{align}\na &= b \\\\\n&= c\n\\end{align}", "formula", "a = b\n= c", [0, 4]),
    ],
)
def test_a_formula_on_its_own_lines_is_one_token(
    markdown: str, blocks_of_it: str, shown: str, lines: list[int]
) -> None:
    tokens = blocks(markdown)
    assert shape(tokens) == blocks_of_it
    formula = next(token for token in tokens if token.type == "formula")
    assert (formula.content, formula.map) == (shown, lines)


@pytest.mark.parametrize(
    "markdown", ["\\[\nx\n\n\\]", "$$\nx", "\\[x\\] and more", "> \\[\nx\n\\]", "\\[\n\\[\nx\n\\]", "$$\nx\n$$ y"]
)
def test_what_is_no_formula_on_its_own_lines(markdown: str) -> None:
    assert markdown.count("\\[\n") > 1 or "formula" not in shape(blocks(markdown))


@pytest.mark.parametrize(("content", "box"), [("[ ] a", "☐"), ("[x]", "☑"), ("[X]\ta", "☑"), ("[x]a", None)])
def test_tasks(content: str, box: str | None) -> None:
    found = TASK.match(content)
    assert (BOXES[found[1]] if found else None) == box


@pytest.mark.parametrize(
    ("info", "name"), [("py", "py"), (' c++ title="a"', "c++"), ("", ""), ("{.python}", ""), ("x" * 40, "x" * 32)]
)
def test_the_language_of_a_code_block(info: str, name: str) -> None:
    assert language(blocks(f"```{info}\nx\n```")[0]) == name


def test_nothing_of_a_text_that_is_nested_too_deep_is_dropped_unsaid() -> None:
    assert parse("> " * (NESTING // 2) + "x") is not None
    assert parse("> " * 2 * NESTING + "x") is None


# 32,768 characters are the most that `core.live.pages` measures in one piece.
@pytest.mark.parametrize(
    "piece", ["\\(", "\\[x", "\\[x\n", "||a ", "$$a ", "$$a\n", "$a ", "$a", "\\begin{align}", "\\begin{align}\n"]
)
def test_what_never_ends_is_not_looked_for_to_the_end(piece: str) -> None:
    text = piece * (32_768 // len(piece))
    begun = time.process_time()
    parse(text)
    assert time.process_time() - begun < 2.0  # about 0.4 s; it was 3 s and grew with the square of the length
