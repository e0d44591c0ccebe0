"""Tables in a monospace font: columns as they look, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it.token import Token
from wcwidth import wcswidth

from core.live.markdown import blocks, parse
from core.live.plain import Link
from core.live.tables import WIDEST, lay_out


def test_columns_are_aligned_as_they_look() -> None:
    rows = [["Name", "数量", "ok"], ["苹果 🍎", "12"], ["x", "3", "yes", "too much"], ["a\nb\tc", "👨‍👩‍👧", ""]]
    assert lay_out(rows, ["", "right", "center"]).splitlines() == [
        "Name    | 数量 | ok",
        "--------+------+----",
        "苹果 🍎 |   12",
        "x       |    3 | yes | too much",
        "a b c   |   👨‍👩‍👧 |",
    ]


@given(st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=6), st.lists(st.sampled_from(["", "right"])))
def test_a_table_of_anything(rows: list[list[str]], aligns: list[str]) -> None:
    out = lay_out(rows, aligns)
    assert out.count("\n") == (len(rows) if rows else 0)
    assert "".join(out.split()).replace("|", "").replace("-", "").replace("+", "") == "".join(
        "".join("".join(row).split()) for row in rows
    ).replace("|", "").replace("-", "").replace("+", "")


WORD = st.text("ab字🍎é", min_size=1, max_size=WIDEST // 2)


@given(st.lists(st.tuples(WORD, WORD), min_size=1))
def test_bars_stand_below_each_other(rows: list[tuple[str, str]]) -> None:
    assert len({wcswidth(line.partition("|")[0]) for line in lay_out(rows).splitlines() if "|" in line}) == 1


def test_one_long_cell_or_row_does_not_blow_up_the_others() -> None:
    rows = [["a", "b"], ["long " * 20, "x"], ["1", "2"], ["c"] * 50]
    lines = lay_out(rows).splitlines()
    assert lines[2] == ("long " * 20).strip() + " | x"
    assert [len(line) for line in lines[:2] + lines[3:4]] == [WIDEST + 4] * 3
    assert lines[4].endswith(" | c" * 49)


def table(markdown: str) -> Token:
    found = [token for token in blocks(markdown) if token.type == "table"]
    assert [token.type for token in parse(markdown) or () if token.type == "table"] == ["table"] * len(found)
    return found[0]


def test_the_parser_gives_a_table_as_one_token() -> None:
    token = table("before\n\n|a|b|\n|-|-|\n|**1**|`x\\|y`|\n|*2* &amp; \\_|3<br>4|\nafter")
    assert token.map == [2, 7]
    assert token.content == "a     | b\n------+----\n1     | x|y\n2 & _ | 3 4\nafter |"
    assert token.meta["links"] == []


def test_links_are_named_beside_the_table_and_stay_in_order() -> None:
    token = table(
        "|[**A** b](https://a.example/x_(y))|![cat](c.png) [](/none)|\n|-|-|\n"
        "|<https://auto.example>|[![logo](l.png)](https://b.example)|"
    )
    assert token.content.splitlines()[0] == "A b                  | cat /none"
    assert token.content.splitlines()[2] == "https://auto.example | logo"
    assert token.meta["links"] == [
        Link("A b", "https://a.example/x_(y)"),
        Link("cat", "c.png"),
        Link("/none", "/none"),
        Link("logo", "https://b.example"),
    ]


@pytest.mark.parametrize("before", ["", "> ", ">> ", "   "])
def test_a_row_keeps_the_cells_that_the_header_has_no_column_for(before: str) -> None:
    rows = ["|a|b|", "|-|-|", "|1|2|3|**4**| |", "5|6|7", "|8|"]
    assert table("\n".join(before + row for row in rows)).content.splitlines() == [
        "a | b",
        "--+--",
        "1 | 2 | 3 | 4",
        "5 | 6 | 7",
        "8 |",
    ]


def test_a_list_marker_before_the_header_is_no_cell() -> None:
    assert table("- |a|b|\n  |-|-|\n  |1|2|3|").content == "a | b\n--+--\n1 | 2 | 3"


def test_a_column_without_words_has_a_rule_too() -> None:
    assert table("|a||\n|-|-|\n|1||").content == "a |\n--+--\n1 |"


BARS = [
    (r"| $|a|^2$ | $P(A|B)$ |", ["|a|²", "P(A|B)"]),
    (r"| \(\left|y\right|\) | $$|b|$$ |", ["|y|", "|b|"]),
    (r"| $\|x\|$ | \|y |", ["|x|", "|y"]),
    ("| $5 | $6 |", ["$5", "$6"]),
    ("|$HOME|$PATH|", ["$HOME", "$PATH"]),
    ("| $a$ | $b$ |", ["a", "b"]),
    ("| earn $$ | spend $$ |", ["earn $$", "spend $$"]),
]


@pytest.mark.parametrize(("row", "cells"), BARS)
def test_a_bar_in_a_formula_is_no_cell(row: str, cells: list[str]) -> None:
    for parsed in (parse, blocks):
        [table] = parsed(f"| f | g |\n|---|---|\n{row}\n") or []
        assert [cell.strip() for cell in table.content.splitlines()[2].split(" | ")] == cells


def test_outside_of_tables_bars_stay_what_they_are() -> None:
    text = "| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx = '$|a|$'\n```\n\n$$\n|x| = 1\n$$\n\nAnd $|y|$.\n"
    tokens = parse(text) or []
    assert [token.content for token in tokens if token.content] == [
        "a | b\n--+--\n1 | 2",
        "x = '$|a|$'\n",
        "|x| = 1",
        "And $|y|$.",
    ]


@given(
    st.lists(st.sampled_from(["|", "$", "-", "a", "\n", "|-|-|\n", "$|a|$", "```", " ", "\\"]), max_size=20).map(
        "".join
    )
)
@example("| $|a|$ |\n|---|\n\n```$|a|$\n$|b|$\n")
def test_what_stands_for_a_bar_meanwhile_is_never_left(text: str) -> None:
    for parsed in (parse, blocks):
        assert not [token for token in parsed(text) or [] if "\ue07c" in token.content + token.info]


def test_a_text_that_has_it_keeps_it() -> None:
    [table] = parse("| a | b |\n|---|---|\n| \ue07c | c |\n") or []
    assert table.content.endswith("\ue07c | c")
