"""The promise for both platforms, on the path that an answer takes: pages, then what is unfinished, then rendering.

For any text and any prefix of it: a platform takes each message, none is too long, nothing that was said is lost or
doubled, and no raw syntax flashes up.
"""

from __future__ import annotations

import re
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.live.unfinished import visible
from tests.bots.junk import JUNK
from tests.bots.said import ANSWERS, APPS, App, arrived, growing, letters
from tests.bots.taken import assert_taken

apps = pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)

ANYTHING = st.lists(st.sampled_from(JUNK), max_size=60).map("".join) | st.text(st.characters(codec=None), max_size=120)


@apps
@given(ANYTHING, st.integers(150, 400), st.data())
@settings(max_examples=70, deadline=None)
def test_every_message_of_every_prefix_is_taken(app: App, text: str, limit: int, data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.integers(1, 9), max_size=30), label="deltas")
    ends = [end for end in accumulate(steps) if end < len(text)] + [len(text)]
    for prefix, shown, _ in growing(app, text, limit, iter(ends)):
        for rendered in shown:
            assert_taken(app, rendered, limit)
        assert any(rendered.text.strip() for rendered in shown) or prefix != text or not letters(text)


@apps
@given(
    st.lists(
        st.sampled_from(["**b** ", "*i* ", "`c` ", "~~s~~ ", "||x|| ", "[l](http://a.b) ", "- 😀\n"]),
        min_size=150,
        max_size=250,
    )
)
@settings(max_examples=8, deadline=None)
def test_more_marks_than_a_message_can_have(app: App, spans: list[str]) -> None:
    text = "".join(spans)
    for _, shown, _ in growing(app, text, app.limit, iter([len(text) // 3, len(text) // 2, len(text)])):
        for rendered in shown:
            assert_taken(app, rendered, app.limit)


@apps
@given(ANSWERS, st.sampled_from([200, 500, 4096]))
@settings(max_examples=30, deadline=None)
def test_what_arrives_is_what_was_said(app: App, answer: tuple[str, str], limit: int) -> None:
    text, said = answer
    ((_, shown, borders),) = growing(app, text, limit, iter([len(text)]))
    assert arrived(app, shown, borders) == letters(said)


@apps
@given(ANSWERS, st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_every_prefix_shows_a_beginning_of_it_and_no_raw_syntax(app: App, answer: tuple[str, str], first: int) -> None:
    text, said = answer
    assert visible(text) == text
    final = app.raw(app.render(text))
    for prefix, shown, borders in growing(app, text, 4096, iter([*range(first, len(text), 3), len(text)])):
        assert letters(said).startswith(arrived(app, shown, borders)), prefix
        assert all(app.raw(rendered) <= final for rendered in shown), prefix


MARKERS = "".join(chr(code) for code in range(0x1208, 0x1248))  # letters of their own, each of them used once
# Without what is not said: the address of a link, the words behind a fence; and what Markdown or LaTeX reorders.
UNSAID = {"](", "```", "`", "~~", "~", "\\[", "\\(", "$", "$$", "^", "\\begin{align}"}
SPOKEN = [piece for piece in JUNK if piece not in UNSAID]
# A table's links are said twice, in it and below it.
NO_TABLES = [piece for piece in SPOKEN if "|" not in piece]
NO_LINKS = [piece for piece in SPOKEN if "](" not in piece]


@apps
@given(st.one_of(*(st.lists(st.sampled_from(pieces) | st.none(), max_size=60) for pieces in (NO_TABLES, NO_LINKS))))
@settings(max_examples=120, deadline=None)
def test_no_letter_of_any_text_is_lost_doubled_or_moved(app: App, pieces: list[str | None]) -> None:
    fresh = iter(MARKERS)
    text = "".join(next(fresh) if piece is None else piece for piece in pieces)
    shown = "".join(letter for letter in app.read(app.render(text)) if letter in MARKERS)
    assert shown == MARKERS[: pieces.count(None)]


@apps
@given(st.lists(st.sampled_from(JUNK) | st.none(), max_size=60), st.integers(150, 300))
@settings(max_examples=70, deadline=None)
def test_no_letter_is_lost_over_pages_and_in_formulas(app: App, pieces: list[str | None], limit: int) -> None:
    fresh = iter(MARKERS)
    text = "".join(next(fresh) if piece is None else piece for piece in pieces)
    shown = ""
    for _, messages, _ in growing(app, text, limit, iter([len(text)])):
        shown = "".join(message.text + "".join(str(span) for span in message.payload or ()) for message in messages)
    behind_a_fence = set("".join(re.findall(r"(?:`{3}|~{3}).*", text)))
    assert set(MARKERS[: pieces.count(None)]) - set(shown) <= behind_a_fence
