"""Markdown as Discord will show it: nothing is lost, nothing is blank, code stays as it is."""

from __future__ import annotations

import re
from textwrap import indent

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from bots.discord.render import render
from core.live.pages import page, paginate
from core.live.text import units

ZERO = "\u200b"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("Hello *you* **there** ~~not~~ `code`", "Hello *you* **there** ~~not~~ `code`"),
        # headings: Discord knows three sizes
        ("# One\n## Two ##\n   ### Three", "# One\n## Two\n### Three"),
        ("#### Four\n###### **Six** times", "**Four**\n**Six times**"),
        ("#hashtag", "#hashtag"),
        ("####", "####"),
        # bold is not underline
        ("__bold__ and ___both___", "**bold** and ***both***"),
        ("__bold with `co__de` inside__", "**bold with `co__de` inside**"),
        ("snake__case__name and _it_", "snake__case__name and _it_"),
        ("half an __answer", "half an __answer"),
        ("**a __b__**", "**a __b__**"),  # four stars in a row would be read otherwise
        # bars are not spoilers
        ("a || b || c and `a || b`", r"a \|\| b \|\| c and `a || b`"),
        ("||it was `||` **him**|| a||b", r"||it was `||` **him**|| a\|\|b"),
        # backticks that are no code
        ("a ``` b `c`\n\nd ` e", r"a \`\`\` b `c`" + "\n\n" + r"d \` e"),
        # nor do three of them begin a block within a line
        ("```` ``` ```` opens ```code``` here", f"`` `{ZERO}`{ZERO}` `` opens ``code`` here"),
        ("http://x.org/```", r"http://x.org/\`\`\`"),
        ("[a](http://x.org/```)", "[a](http://x.org/%60%60%60)"),
        # rules, quotes, lists, boxes
        ("a\n\n---\n\nb\n***", "a\n\n───\n\nb\n───"),
        (">>> deep\n> > er\n>close", "> deep\n> er\n> close"),
        ("- [ ] open\n- [x] done\n1. [X] too\n+ plus", "- ☐ open\n- ☑ done\n1. ☑ too\n- plus"),
        ("Things:\n-", "Things:\n-"),  # half a list, not a heading
        ("-# small", "\\-# small"),
        ("one\\\ntwo<br>three", "one\ntwo\nthree"),
        # images and links
        ("![a cat](https://x.org/cat_(1).png)", "[a cat](https://x.org/cat_(1).png)"),
        ("![](https://x.org/c.png) ![local](c.png)", "[image](https://x.org/c.png) local"),
        ("![a ``` cat](https://x.org/c.png)", r"[a \`\`\` cat](https://x.org/c.png)"),
        ("[![logo](https://x.org/l.png)](https://x.org)", "[logo](https://x.org)"),
        ("https://x.org/__init__.py <https://x.org/__a__>", "https://x.org/__init__.py <https://x.org/__a__>"),
        ("[`f`](/path) [a *b*](c.md) [](https://x.org)", "[`f`](/path) a *b* (c.md) https://x.org"),
        ("[https://x.org](https://x.org) [www](HTTP://x.org)", "https://x.org [www](HTTP://x.org)"),
        ('[docs](https://x.org/__a__ "t")', '[docs](https://x.org/__a__ "t")'),
        # entities and HTML
        ("1 &lt; 2 &amp; 3 &eacute; &nope; <b>x</b>", "1 \\< 2 & 3 é &nope; <b>x</b>"),
        ("&#42;not bold&#42;", "\\*not bold\\*"),
        (r"\*stars\* \__init__", r"\*stars\* \__init__"),
        # formulas are readable, and no Markdown
        (r"\(a_1 * b_2\) and $x*y*z$", r"a₁\*b₂ and x\*y\*z"),
        (r"a **bold $x_1$** one: $\foo{2}$", r"a **bold x₁** one: \\foo 2"),
        ("> - \\[\n>   a\n>   + b_{max}\n>   \\]\n> c", "> - a + bₘₐₓ\n> c"),
        ("- [ ] $$a$$\n- [x] \\[b\\].", "- ☐ a\n- ☑ b."),
        ("$$\na &= b \\\\\n&< c\n$$", "a = b\n\\< c"),
        (r"half: \[ \frac{1}{2", r"half: \[ \frac{1}{2"),
        ("it costs $5 or *$6*", "it costs $5 or *$6*"),
        # mentions are shown as they are; `allowed_mentions` keeps them quiet
        ("@everyone <@1> <#2> `@here`", "@everyone <@1> <#2> `@here`"),
    ],
)
def test_text(markdown: str, shown: str) -> None:
    assert render(markdown).text == shown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("```py\nx = __y__ || 1\n# no heading\n```", "```py\nx = __y__ || 1\n# no heading\n```"),
        ('```c++ title="a"\nx\n```', "```c++\nx\n```"),
        ("```py\nhalf", "```py\nhalf\n```"),
        ("~~~\ntildes\n~~~", "```\ntildes\n```"),
        ("````md\n```py\nx\n```\n````", f"```md\n``{ZERO}`py\nx\n``{ZERO}`\n```"),
        ("- a\n  ```py\n  x\n    y\n  ```\n- b", "- a\n```py\nx\n  y\n```\n- b"),
        ("- ```\n  a\n  ```", "-\n```\na\n```"),
        ("> ```\n> x\n> ```", "> ```\n> x\n> ```"),
        # four columns are no code of their own: a page may begin with a fence that stood deep in a list
        ("     ```js\n     a\n       b\n     ```", "```js\na\n  b\n```"),
        ("     > ```js\n     > a\n     > ```", "> ```js\n> a\n> ```"),
        ("    indented", "    indented"),
        ("```py", f"```py\n{ZERO}\n```"),  # just begun: an empty block would show its backticks
    ],
)
def test_code(markdown: str, shown: str) -> None:
    assert render(markdown).text == shown


def test_tables_are_aligned_by_what_is_seen() -> None:
    table = "| Name | 名前 | n |\n|:--|:-:|--:|\n| **Ada** | 愛 | 1 |\n| `a|b` x | 😀😀 | 22 |\n"
    lines = render(table.replace("a|b", "a\\|b")).text.split("\n")
    assert (lines[0], lines[-2]) == ("```", "```")
    assert lines[1:3] == ["Name  | 名前 |  n", "------+------+---"]
    assert lines[3:5] == ["Ada   |  愛  |  1", "a|b x | 😀😀 | 22"]
    assert len({wcswidth(line) for line in lines[1:5]}) == 1


def test_a_long_cell_does_not_pad_every_row() -> None:
    rows = "\n".join(f"| {i} | short | x |" for i in range(20))
    table = f"| a | b | c |\n|---|---|---|\n| 0 | {'long ' * 100} | x |\n{rows}"
    assert render(table).size < 500 + 22 * 60


def test_a_table_in_a_quote_stays_in_it() -> None:
    assert render("> | a | b |\n> |---|---|\n> | 1 | 2 |").text == "> ```\n> a | b\n> --+--\n> 1 | 2\n> ```"


@pytest.mark.parametrize(
    ("cell", "word", "below"),
    [
        ("[*Ada*](https://x.org/a_(b))", "Ada", "[Ada](https://x.org/a_%28b%29)"),
        ("[a_b](/path_to_it)", "a_b", r"a\_b (/path\_to\_it)"),
        ("![cat](https://x.org/c.png)", "cat", "[cat](https://x.org/c.png)"),
        # Discord makes no link of words that are a URL
        ("[https://x.org](https://x.org)", "https://x.org", "https://x.org"),
        ("[/path](/path)", "/path", "/path"),
    ],
)
def test_a_table_keeps_its_links_below_it(cell: str, word: str, below: str) -> None:
    bars = "-" * len(word)
    assert render(f"|a|\n|-|\n|{cell}|").text == f"```\na\n{bars}\n{word}\n```\n{below}"
    assert render(f"> |a|\n> |-|\n> |{cell}|").text.endswith(f"> ```\n> {below}")


def test_a_row_keeps_the_cells_that_the_header_has_no_column_for() -> None:
    assert "1 | 2 | 3" in render("|a|b|\n|-|-|\n|1|2|3|").text


def test_code_deep_in_a_list_is_one_block_on_every_page() -> None:
    code = "".join(f"if (x > {n}) {{\n  y({n});\n}}\n" for n in range(150))
    text = "1. First:\n   - deeper:\n\n     ```js\n" + indent(code, " " * 5) + "     ```\n2. Next"
    borders = paginate(text, lambda markdown: render(markdown).size / 2000)
    shown = [render(page(text, borders, number)).text for number in range(len(borders))]
    assert len(shown) > 1
    assert all(one.count("```") == 2 for one in shown)
    assert "".join(one.partition("```js\n")[2].partition("```")[0] for one in shown) == code


def test_size_counts_utf16() -> None:
    assert render("a😀é").size == 4
    assert units("😀") == 2


MARKS = (
    "\n¦\n\n¦```¦```py\n¦~~~\n¦`¦``¦__¦___¦**¦*¦_¦|¦||¦> ¦>>> ¦- ¦- [ ] ¦+ ¦1. ¦# ¦#### ¦---\n¦===\n¦    ¦\t¦a¦b"
    "¦<br>¦&lt;¦&#0;¦&#10;¦![¦](¦)¦[¦](https://x.y/_z__a)¦https://q.r/__s¦<https://t>¦\\¦\\\n¦\0¦\r¦@everyone"
    "¦\ud800¦\udc00¦😀¦名¦\u200b¦\u00a0¦\x0b¦\u2028¦- ```¦-#¦| a | b |\n|---|:-:|\n| 1 | `2` |\n"
)
MARKDOWN = st.lists(st.one_of(st.text(max_size=12), st.sampled_from(MARKS.split("¦"))), max_size=40).map("".join)


@settings(max_examples=400, deadline=None)
@given(MARKDOWN)
@example("[" * 400 + "](" * 400)
@example(">" * 300 + "- " * 300)
def test_any_text_can_be_sent(markdown: str) -> None:
    rendered = render(markdown)
    rendered.text.encode()  # no lone surrogate
    assert "\0" not in rendered.text
    assert rendered.size == units(rendered.text)
    assert bool(rendered.text.strip()) or not markdown.strip()


@settings(max_examples=200, deadline=None)
@given(MARKDOWN)
def test_every_prefix_can_be_sent(markdown: str) -> None:
    for end in range(0, len(markdown), 7):
        rendered = render(markdown[:end])
        assert bool(rendered.text.strip()) or not markdown[:end].strip()


CODE = st.text(st.characters(codec="utf-8", exclude_characters="\r\0`~"), min_size=1).filter(str.strip)


@settings(max_examples=200, deadline=None)
@given(CODE, st.sampled_from(["", "py", "c++", "objective-c"]))
def test_code_comes_through_untouched_however_often(code: str, language: str) -> None:
    block = f"```{language}\n{code}\n```"
    once = render(block).text
    assert once == block
    assert render(once).text == once


@settings(max_examples=200, deadline=None)
@given(MARKDOWN)
def test_words_survive(markdown: str) -> None:
    """Letters and digits stay, whatever markup stands around them."""
    text = f"alpha\n\n{markdown}\n\nomega7"
    words = re.findall(r"[0-9a-z]+", render(text).text)
    assert words[0].startswith("alpha")
    assert words[-1].endswith("omega7")


def test_a_long_answer_renders_quickly() -> None:
    """No text may take quadratic time: it is rendered several times a second while it grows."""
    import time

    for text in ("`" * 5000, "a`b``" * 1500, "__a " * 2000, "[![" * 2000, "![a](" * 2000, "|| " * 2000, "&lt" * 2000):
        began = time.process_time()
        render(text)
        assert time.process_time() - began < 1.0, text[:20]
    for text in ("![[" * 10_900, "\\(" * 16_000):  # the most that `core.live.pages` measures in one piece
        began = time.process_time()
        render(text)
        assert time.process_time() - began < 2.5, text[:20]
