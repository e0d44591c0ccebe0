"""Markdown as Telegram shows it: examples as a table, and what must hold for any text and any half of one."""

from __future__ import annotations

import time
from textwrap import indent
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bots.telegram.entities import MOST_ENTITIES, Span
from bots.telegram.links import linkable
from bots.telegram.render import render
from core.live.pages import page, paginate
from core.surface import Rendered
from tests.bots.junk import JUNK
from tests.platforms.telegram.entities import fix_text, utf16

MARKDOWN = st.lists(st.sampled_from(JUNK), max_size=40).map("".join) | st.text(st.characters(codec=None), max_size=60)


def covered(rendered: Rendered) -> list[tuple[str, str]]:
    """Each entity as (type, the text that it covers)."""
    units = rendered.text.encode("utf-16-le")
    return [(s.type, units[2 * s.offset : 2 * s.end].decode("utf-16-le")) for s in rendered.payload]


def as_json(span: Span) -> dict[str, Any]:
    return {key: value for key, value in span._asdict().items() if value is not None}


EXAMPLES = [
    ("plain", "plain", []),
    ("**bold** and *italic*", "bold and italic", [("bold", "bold"), ("italic", "italic")]),
    ("__bold__ _it_ ~~gone~~", "bold it gone", [("bold", "bold"), ("italic", "it"), ("strikethrough", "gone")]),
    ("***both***", "both", [("italic", "both"), ("bold", "both")]),
    # "**" beside Chinese and Japanese punctuation, which CommonMark leaves as it is
    ("这是**注意：**字", "这是注意：字", [("bold", "注意：")]),
    ("は**「重要」**です", "は「重要」です", [("bold", "「重要」")]),
    ("2**3 and **x:**y", "2**3 and **x:**y", []),
    ("||secret|| word", "secret word", [("spoiler", "secret")]),
    ("a || b || c", "a || b || c", []),
    ("say `x = 1` 😀 **b😀**", "say x = 1 😀 b😀", [("code", "x = 1"), ("bold", "b😀")]),
    ("# Title *now*\ntext", "Title now\ntext", [("bold", "Title now"), ("italic", "now")]),
    # a rule, not an underlined heading
    ("Text\n---\nmore", "Text\n———\nmore", []),
    ("one\ntwo  \nthree\n\n\nfour", "one\ntwo\nthree\n\nfour", []),
    # lists
    ("Do:\n- a\n- b\n  - c", "Do:\n• a\n• b\n    • c", []),
    ("3. x\n3. y\n", "3. x\n4. y", []),
    ("1) x\n\n   more\n\n2) y", "1) x\n\n    more\n\n2) y", []),
    ("- [ ] todo\n- [x] done\n- [x]no", "☐ todo\n☑ done\n• [x]no", []),
    ("- - deep\n- ", "• • deep\n•", []),
    # code
    ("```py\ndef f():\n\treturn 1\n```\nafter", "def f():\n    return 1\nafter", [("pre", "def f():\n    return 1")]),
    ("```\nstill being writ", "still being writ", [("pre", "still being writ")]),
    # four columns are no code of their own: a page may begin with a fence that stood deep in a list
    ("     ```js\n     a\n       b\n     ```\n2. c", "a\n  b\n2. c", [("pre", "a\n  b")]),
    ("    indented", "indented", []),
    ("- step\n  ```\n  code\n  ```\n- next", "• step\ncode\n• next", [("pre", "code")]),
    ("- ```\n  x\n  ```", "• \nx", [("pre", "x")]),
    ("- > said\n- b", "• \nsaid\n• b", [("blockquote", "said")]),
    # quotations
    ("> a\n> **b**\n\nc", "a\nb\n\nc", [("blockquote", "a\nb"), ("bold", "b")]),
    ("> a\n> > b\n> > c", "a\n> b\n> c", [("blockquote", "a\n> b\n> c")]),
    # links
    ("[site](https://example.org/a_b)", "site", [("text_link", "site")]),
    ("[here](/path) [l](http://localhost:80/x)", "here (/path) l (http://localhost:80/x)", []),
    ("[http://localhost](http://localhost)", "http://localhost", []),
    ("<https://example.org>", "https://example.org", []),
    ("[x](javascript:alert)", "[x](javascript:alert)", []),
    ("[`f()`](https://example.org)", "f()", [("text_link", "f()")]),
    ("![a cat](https://example.org/c.png)", "a cat", [("text_link", "a cat")]),
    ("![](https://example.org/c.png)", "image", [("text_link", "image")]),
    ("[](https://example.org)", "https://example.org", []),
    ("[1]: https://example.org", "[1]: https://example.org", []),
    # what Telegram has no form for stays readable
    ("<b>raw</b> &lt;x&gt; <!-- c -->", "<b>raw</b> <x> <!-- c -->", []),
    (r"\(a_1 * b_2\) and **$x*y*z$**", "a₁*b₂ and x*y*z", [("bold", "x*y*z")]),
    ("1. so\n   $$\n   a &= b \\\\\n   &< c\n   $$\n2. d", "1. so\n    a = b\n    < c\n2. d", []),
    ("- \\[\n  x^2\n  \\]", "• x²", []),
    (r"\[ \frac{1}{2", r"[ \frac{1}{2", []),
    ("it costs $5 or *$6*", "it costs $5 or $6", [("italic", "$6")]),
    # never blank, and cleaned as Telegram cleans
    ("**", "**", []),
    ("```\n```", "```\n```", []),
    ("#", "#", []),
    ("  \n ", "", []),
    ("a\x00b\x07c\ud83dd", "a\ufffdb c\ufffdd", []),
    ("A\u030a x\u030a", "Å x", []),
    ("l\r\nm\rn\u2028o\u202e!", "l\nm\nn\no!", []),
]


@pytest.mark.parametrize(("markdown", "text", "entities"), EXAMPLES, ids=[repr(e[0])[:40] for e in EXAMPLES])
def test_examples(markdown: str, text: str, entities: list[tuple[str, str]]) -> None:
    rendered = render(markdown)
    assert rendered.text == text
    assert sorted(covered(rendered)) == sorted(entities)
    assert rendered.size == utf16(text)


def test_a_link_carries_its_url_and_a_code_block_its_language() -> None:
    spans = render("[a](https://example.org/?q=1&r=2)\n```c++ title\nint x;\n```").payload
    assert [(s.url, s.language) for s in spans] == [("https://example.org/?q=1&r=2", None), (None, "c++")]


def test_a_table_has_equal_columns_also_for_wide_characters_and_keeps_its_links() -> None:
    rendered = render("|Name|数|\n|:--|--:|\n|[Ada](https://example.org) `q`|三百|\n|😀|4<br>5|\n\nend")
    assert rendered.text == (
        "Name  |   数\n"  #
        "------+-----\n"
        "Ada q | 三百\n"
        "😀    |  4 5\n"
        "Ada\n\nend"
    )
    assert [type for type, _ in covered(rendered)] == ["pre", "text_link"]
    assert covered(rendered)[1][1] == "Ada"


def test_below_a_table_what_is_no_link_for_telegram_has_its_url_beside_it() -> None:
    rendered = render("|a|b|\n|-|-|\n|[x](/rel)|![](https://example.org/c.png)|3|")
    assert rendered.text == "a | b\n--+------\nx | image | 3\nx (/rel)\nimage"
    assert covered(rendered)[1:] == [("text_link", "image")]


def test_code_deep_in_a_list_is_one_block_on_every_page() -> None:
    code = "".join(f"if (x > {n}) {{\n  y({n});\n}}\n" for n in range(300))
    text = "1. First:\n   - deeper:\n\n     ```js\n" + indent(code, " " * 5) + "     ```\n2. Next"
    borders = paginate(text, lambda markdown: render(markdown).size / 4096)
    shown = [render(page(text, borders, number)) for number in range(len(borders))]
    assert len(shown) > 1
    assert not any("```" in one.text for one in shown)
    assert [[(span.type, span.language) for span in one.payload] for one in shown] == [[("pre", "js")]] * len(shown)
    assert "".join(covered(one)[0][1] + "\n" for one in shown) == code


def test_at_most_a_hundred_entities_and_the_most_useful_stay() -> None:
    rendered = render("**b** *i* " * 80 + "[l](https://example.org) `c`\n```\np\n```")
    kinds = [type for type, _ in covered(rendered)]
    assert len(kinds) == MOST_ENTITIES
    assert {"text_link", "code", "pre"} <= set(kinds)
    assert kinds.count("bold") == 80


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://example.org", True),
        ("HTTP://Example.org:8080/x?y#z", True),
        ("http://127.0.0.1/", True),
        ("http://[::1]/", True),
        ("http://xn--bcher-kva.example", True),
        ("http://localhost", False),
        ("http://example.org:port", False),
        ("http://user@example.org", False),
        ("http://exa mple.org", False),
        ("http://[", False),
        ("ftp://example.org", False),
        ("tg://user?id=1", False),
        ("/path", False),
        ("#anchor", False),
        ("foo", False),
        ("", False),
    ],
)
def test_only_urls_that_telegram_takes_become_links(url: str, taken: bool) -> None:
    assert linkable(url) is taken


@given(MARKDOWN)
@settings(max_examples=400, deadline=None)
@example("**a ||b** c||")
@example("> " * 40 + "deep")
@example("- " * 60 + "deep")
@example("[" * 200)
def test_telegram_takes_any_text_exactly_as_rendered(markdown: str) -> None:
    """The loopback server's cleaning, trimming and checks change nothing, so the measured size is the real one."""
    rendered = render(markdown)
    spans = [as_json(span) for span in rendered.payload]
    assert all(span["length"] > 0 for span in spans)
    assert fix_text(rendered.text, spans) == (rendered.text, spans)
    assert rendered.size == utf16(rendered.text)


# Without links and fences: a URL and a language are content, but stand in the entities and not in the text.
WORDY = [p for p in JUNK if not set(p) & set("<`~[]!") or p in ("- [ ] ", "- [x] ")] + ["字"] * 20


@given(st.lists(st.sampled_from(WORDY), max_size=60).map("".join))
@settings(max_examples=300, deadline=None)
@example("|a|b|\n|-|-|\n|字|2|字|字|")
@example("> |a|b|\n> |-|-|\n> 字|2|字|字")
@example("- " * 60 + "字")
def test_words_are_never_lost(markdown: str) -> None:
    assert render(markdown).text.count("字") == markdown.count("字")


ANSWER = """# Sorting in Python

Use `sorted()` for a **new** list and `list.sort()` to sort *in place*:

1. `key=` takes a function
   - called once per item
   - e.g. `key=len`
2. `reverse=True` turns it round 🔁

```python
people = sorted(people, key=lambda p: (p.age, p.name))
```

> Both are [stable](https://docs.python.org/3/howto/sorting.html).

| function | returns | 備考 |
|----------|:-------:|-----:|
| sorted   | list    | 新規 |
| sort     | None    | 👍   |

- [x] tested
- [ ] timed \\(O(n \\log n)\\)

---
Ask me ||anything||.
"""


def test_every_prefix_of_an_answer_is_taken() -> None:
    for end in range(len(ANSWER) + 1):
        rendered = render(ANSWER[:end])
        spans = [as_json(span) for span in rendered.payload]
        assert fix_text(rendered.text, spans) == (rendered.text, spans)
        assert bool(rendered.text) == bool(ANSWER[:end].strip())


def test_a_long_answer_is_rendered_in_milliseconds() -> None:
    """4,000 characters as dense as these take 3 to 5 ms; the bound leaves room for a busy machine and for coverage."""
    text = (ANSWER * 8)[:4000]
    best = 1.0
    for _ in range(10):
        start = time.process_time()
        render(text)
        best = min(best, time.process_time() - start)
    assert best < 0.040


@pytest.mark.parametrize("piece", ["[", "![[", "\\(", "||a ", "|", "*a ", "_*", "> ", "- ", "`", "$", "<", "&#13;"])
def test_no_text_makes_it_slow(piece: str) -> None:
    text = piece * (4000 // len(piece))
    start = time.process_time()
    render(text)
    assert time.process_time() - start < 0.5
