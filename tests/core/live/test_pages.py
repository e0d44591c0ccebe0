"""Pages: nothing of the text is lost or doubled, every page fits, code blocks are whole on each."""

from __future__ import annotations

from itertools import accumulate

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from core.live.lines import closed, lines
from core.live.pages import START, Border, Fill, page, paginate

FAMILY = "👨‍👩‍👧‍👦"
PIECES = st.sampled_from(
    [
        "word ",
        "Sentence. ",
        "句子。",
        "字",
        "\n",
        "\n\n",
        "    ",
        "```",
        "````",
        "~~~",
        "`",
        "python\n",
        "- ",
        "1. ",
        "> ",
        "# T\n",
        "| a | b |\n|---|---|\n",
        "| 1 | 2 |\n",
        FAMILY,
        "🇩🇪",
        "e\u0301",
        "**",
        "[x](http://y.z)",
        "\t",
        "\r\n",
        "x" * 30,
        "  ```js\n",
        "> ```\n> code\n",
        "\ud83d",
        "\ude00",
        " " * 40,
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=300)


def units(markdown: str) -> int:
    return len(markdown.encode("utf-16-le", "surrogatepass")) // 2


def within(limit: int) -> Fill:
    return lambda markdown: units(markdown) / limit


def pages(text: str, limit: int, borders: tuple[Border, ...] = START) -> list[str]:
    borders = paginate(text, within(limit), borders)
    return [page(text, borders, number) for number in range(len(borders))]


def parts(text: str, borders: tuple[Border, ...]) -> list[str]:
    ends = [border.offset for border in borders[1:]] + [len(text)]
    return [text[border.offset : end] for border, end in zip(borders, ends, strict=True)]


def assert_sound(text: str, borders: tuple[Border, ...], limit: int) -> None:
    shown = [page(text, borders, number) for number in range(len(borders))]
    assert "".join(parts(text, borders)) == text
    for border, part, markdown in zip(borders, parts(text, borders), shown, strict=True):
        own = part.rstrip() if border.offset else part.strip()
        assert units(markdown) <= limit
        assert markdown.startswith(border.reopen + own if own else "")
        added = markdown[len(border.reopen + own) :] if own else ""
        assert regex.fullmatch(r"(\n[ \t>]*(`{3,}|~{3,}))?|`+|~+", added)  # nothing but the end of a code block
        assert closed(markdown) == markdown  # every code block is closed
        assert own or len(borders) == 1  # only an answer that is blank has a blank page


@given(TEXTS, st.integers(10, 200), st.data())
@settings(max_examples=400, deadline=None)
def test_any_text_growing_in_any_way(text: str, limit: int, data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.integers(1, 60), max_size=20), label="deltas")
    borders = START
    for end in [*accumulate(steps), len(text)]:
        longer = paginate(text[:end], within(limit), borders)
        assert longer[: len(borders)] == borders
        borders = longer
        assert_sound(text[:end], borders, limit)
    assert paginate(text, within(limit), borders) == borders


@given(TEXTS.filter(lambda text: not regex.search("[\ud800-\udfff]", text)), st.integers(40, 200))
@settings(deadline=None)
def test_no_border_inside_a_grapheme(text: str, limit: int) -> None:
    borders = paginate(text, within(limit))
    whole = {0, *accumulate(map(len, regex.findall(r"\X", text)))}
    huge = any(units(cluster) > limit - 20 for cluster in regex.findall(r"\X", text))
    assert huge or {border.offset for border in borders} <= whole


@given(TEXTS)
@settings(deadline=None)
def test_a_surface_that_refuses_everything_still_ends(text: str) -> None:
    borders = paginate(text, lambda markdown: 2.0)
    offsets = [border.offset for border in borders]
    assert offsets == sorted(set(offsets))
    assert all(part.strip() for part in parts(text, borders)) or not text.strip()


@given(TEXTS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_a_surface_that_is_inconsistent_still_ends(text: str, random) -> None:
    borders = paginate(text, lambda markdown: 2 * random.random())
    assert "".join(parts(text, borders)) == text


def test_a_border_is_found_where_texts_take_room_unevenly() -> None:
    text = "x" * 3000 + "&" * 3000 + "y" * 30_000
    asked: list[str] = []
    borders = paginate(
        text, lambda markdown: asked.append(markdown) or (units(markdown) + markdown.count("&") * 9) / 4096
    )
    assert_sound(text, borders, 4096)
    assert 3040 < borders[1].offset < 3110
    assert len(asked) / len(borders) <= 6


def test_what_fits_is_one_page_and_one_question() -> None:
    asked: list[str] = []
    assert paginate("hello " * 100, lambda markdown: asked.append(markdown) or 0.5) == START
    assert asked == ["hello " * 99 + "hello"]


@pytest.mark.parametrize("limit", [2000, 4096])
@pytest.mark.parametrize("text", ["字" * 20_000, "word " * 6000, "A sentence of words. " * 1500, "line\n" * 6000])
def test_a_border_costs_about_four_questions(text: str, limit: int) -> None:
    asked: list[str] = []
    borders = paginate(text, lambda markdown: asked.append(markdown) or units(markdown) / limit)
    assert len(asked) / len(borders) <= 5
    assert max(map(len, asked)) <= 8192  # never the whole of a long text


def test_pages_are_filled() -> None:
    text = "字" * 100_000
    assert len(paginate(text, within(4096))) == 25


# What is before the bar is the first page; the limit is 60.
BORDERS = {
    "blank line": "A first paragraph, and of some words here.\n\n|A second one that is long enough.",
    "blank line beats line end": "A first paragraph, and of some words here.\n\n|One line\nanother line, it goes on.",
    "line end": "A first paragraph of some words. And more\n|A second line. It is long enough to overflow",
    "sentence": "A sentence of words, and here is its very own end. |And one more that is longer",
    "sentence in quotes": 'He said: "A sentence of words, here is its very end." |And one more that is longer',
    "CJK sentence": "一" * 45 + "。|" + "二" * 30,
    "CJK comma": "一" * 45 + "，|" + "二" * 30,
    "CJK": "一" * 60 + "|" + "二" * 30,
    "space": "word " * 12 + "|" + "word " * 4,
    "not at 10 %": "Short.\n\n" + "word " * 10 + "|" + "word " * 12,
    "emoji at the border": "一" * 55 + "|" + FAMILY * 3,
    "an accent on a space": "word " * 11 + "|word \u0300word",
    "flags are pairs": "一" * 58 + "|" + "🇩🇪🇫🇷",
    "not below a heading": "Some text that is long enough to be of some use\n\n|## Heading\n\nThe text below it all",
    "not inside a link": "word " * 9 + "|[a link text](https://example.org/a/b) and so on and on",
    "not inside bold": "word " * 9 + "|**very bold words** and so on and on for a while",
    "not inside a formula": "word " * 9 + "so |\\(x + y + z\\) and so on and on and on",
    "not inside a formula on lines of its own": "word " * 5
    + "\n|$$\na + b\n+ c + d\n+ e + f + g + h\n$$\nand so on and on",
    "not inside a formula that is not complete": "word " * 5 + "\n|\\[\na + b\n+ c + d\n+ e + f + g + h + i",
    "money is no formula": "word " * 8 + "it costs $5 for one |and it costs $9 for two",
    "no list by accident": "word " * 11 + "|ones - two three four five",
    "not behind the marker of a list": "word " * 8 + "word\n|- [ ] " + "w" * 20,
    "below a heading sooner than in a link": "# [alpha beta gamma](https://e.example/abc/def)\n\n|- [x] alphabetagamma",
    "before a code block": "Some text that is long enough to be of some use:\n|```python\nprint('hello')\n```\nMore",
    "behind a code block": "```python\nprint('hello')\nprint('hello again!')\n```\n\n|Words after the code block.",
    "a number is no sentence": "Some words that go before the list of the points\n|1. A point of the list that is long",
}


@pytest.mark.parametrize("marked", BORDERS.values(), ids=BORDERS)
def test_where_a_page_ends(marked: str) -> None:
    first, _, second = marked.partition("|")
    assert paginate(first + second, within(60))[1] == Border(len(first))


def test_code_is_cut_at_a_line_end_and_reopened_with_its_language() -> None:
    code = "".join(f"    value_{number} = compute({number})\n" for number in range(8))
    text = f"See:\n\n```python\n{code}```\n\nDone."
    shown = pages(text, 100)
    assert len(shown) == 3
    assert all(one.count("```python\n") == 1 and one.count("```") == 2 for one in shown)
    assert [one.removeprefix("See:\n\n")[10:].partition("\n```")[0] for one in shown] == [
        "\n".join(code.splitlines()[a:b]) for a, b in [(0, 3), (3, 6), (6, 8)]
    ]
    assert shown[-1].endswith("\n```\n\nDone.")


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("```python\n", "```"),
        ("````markdown\n", "````"),
        ("~~~sh\n", "~~~"),
        ("   ```js\n", "   ```"),
        ("> ```c\n", "> ```"),
    ],
)
def test_each_kind_of_fence_is_reopened_and_closed_as_it_was(opening: str, closing: str) -> None:
    prefix = opening[: len(opening) - len(opening.lstrip(" >"))]
    inner = "".join(
        f"{prefix}``` is code here\n" if "````" in opening else f"{prefix}code {n} here\n" for n in range(9)
    )
    text = f"- item\n\n{opening}{inner}{closing}\nafter"
    borders = paginate(text, within(100))
    shown = [page(text, borders, number) for number in range(len(borders))]
    assert [border.reopen for border in borders] == ["", opening, *[""] * (len(borders) - 2)] or all(
        border.reopen == opening for border in borders[1:]
    )
    assert all(one.endswith(f"\n{closing}") for one in shown[:-1])
    assert all(closed(one) == one for one in shown)


def test_a_fence_behind_a_list_marker_is_reopened_without_the_marker() -> None:
    text = "1. ```sh\n" + "   make check\n" * 9 + "   ```\n"
    borders = paginate(text, within(80))
    assert {border.reopen for border in borders[1:]} == {"   ```sh\n"}


def test_dollars_in_code_are_no_formula() -> None:
    text = "```make\n" + "x = $$(y) $$z\n" * 20 + "```"
    borders = paginate(text, within(100))
    assert all(text[border.offset - 1] == "\n" for border in borders[1:])


def test_code_of_one_long_line_in_a_quote_keeps_its_quote() -> None:
    text = "> ```\n> " + "word " * 40 + "\n> ```"
    borders = paginate(text, within(80))
    assert {border.reopen for border in borders[1:]} == {"> ```\n> "}
    assert all(line.text.startswith(">") for n in range(len(borders)) for line in lines(page(text, borders, n)))


def test_the_language_and_then_the_fence_give_way_where_there_is_no_room() -> None:
    text = "```python\n" + "a=1\n" * 30 + "```"
    reopened = {limit: paginate(text, within(limit))[1].reopen for limit in (40, 12, 10)}
    assert reopened == {40: "```python\n", 12: "```\n", 10: "```\n"}
    assert paginate(text, within(9))[1].reopen == ""


def test_a_table_is_cut_between_rows_and_has_its_head_on_each_page() -> None:
    head = "| Name | 数量 |\n|:-----|-----:|\n"
    text = head + "".join(f"| item {number} | {number} |\n" for number in range(20))
    borders = paginate(text, within(120))
    assert len(borders) > 2
    for number, border in enumerate(borders):
        assert border.reopen == (head if number else "")
        assert page(text, borders, number).startswith(f"{head}| item ")


def test_a_code_block_that_ends_at_the_border_leaves_no_empty_block() -> None:
    text = "```\n" + "x" * 92
    borders = START
    for end in range(len(text + "\n```\nmore") + 1):
        borders = paginate((text + "\n```\nmore")[:end], within(100), borders)
    assert [page(text + "\n```\nmore", borders, n) for n in range(len(borders))] == [text + "\n```", "more"]


def test_an_open_page_is_closed_in_mid_stream() -> None:
    assert pages("```python\nprint(1)", 100) == ["```python\nprint(1)\n```"]
    assert pages("```python\nprint(1)\n``", 100) == ["```python\nprint(1)\n```"]
    assert pages("```python\nprint(1)\n``\n", 100) == ["```python\nprint(1)\n``\n```"]


def test_only_whitespace_at_the_end_of_a_page_is_not_shown() -> None:
    text = "\n\n" + "a" * 90 + " \n\n\n   indented " + "b" * 80
    assert pages(text, 100) == ["a" * 90, "   indented " + "b" * 80]


def test_a_run_of_spaces_larger_than_a_page_makes_no_page() -> None:
    assert pages("a" + " " * 500 + "b" + "\n" * 500 + " " * 300 + "c", 20) == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u3000\n"])
def test_blank_text_is_one_blank_page(text: str) -> None:
    assert pages(text, 10) == [""]
