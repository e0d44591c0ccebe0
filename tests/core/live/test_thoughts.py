"""Thoughts above an answer: fed before it, cut where they are long, and found again in what was kept."""

from __future__ import annotations

import pytest

from core.live import thoughts
from core.live.markdown import THINKING, blocks, language
from core.live.thoughts import HEAD, LONGEST, PLACEHOLDER, TAIL, Thoughts, quoted, unquoted
from core.types import Delta
from tests.virtual import VirtualLoop


class Heard:
    """A delivery that only listens."""

    def __init__(self) -> None:
        self.text = self.placeholder = ""

    def feed(self, text: str) -> None:
        self.text += text

    def anew(self) -> None:
        self.text = ""

    def meanwhile(self, text: str) -> None:
        self.placeholder = text


def fed(*deltas: Delta, text: str = "", shown: bool = True) -> tuple[Heard, Thoughts]:
    heard = Heard()
    found = Thoughts(heard, shown=shown, text=text)  # type: ignore[arg-type]

    async def feed() -> None:
        for delta in deltas:
            found.feed(delta)

    loop = VirtualLoop()
    loop.run_until_complete(feed())
    loop.close()
    return heard, found


def test_thoughts_come_first_and_the_end_begins_with_what_was_fed() -> None:
    heard, found = fed(Delta(thought="\nShe "), Delta(thought="greets."), Delta("Hello"), Delta(thought="late"))
    assert heard.text == quoted("She greets.") + "Hello"
    assert (found.text, found.any) == ("She greets.", True)


def test_no_line_of_thoughts_ends_the_block() -> None:
    heard, _ = fed(Delta(thought="a\n~~~~"), Delta(thought="~~~~~~\n# b"), Delta("Hello"))
    fence, *rest = blocks(heard.text)
    assert (fence.type, language(fence)) == ("fence", THINKING)
    assert [token.content for token in rest if token.type == "inline"] == ["Hello"]


def test_long_thoughts_are_cut() -> None:
    heard, found = fed(*[Delta(thought="x" * 999)] * 5, Delta("Hello"))
    assert len(found.text) == LONGEST
    assert found.text.endswith("…")
    assert heard.text.endswith("…" + TAIL + "Hello")


def test_an_answer_that_begins_anew_has_new_thoughts() -> None:
    heard, found = fed(Delta(thought="one"), Delta("Half"), Delta(thought="two", anew=True), Delta("Whole"))
    assert heard.text == quoted("two") + "Whole"
    heard, found = fed(Delta("Half", anew=True), Delta(" whole"), text="of before")
    assert heard.text == quoted("of before") + "Half whole"
    found.drop()
    assert (heard.text, found.text) == ("", "")


def test_hidden_thoughts_are_only_said_to_be_there_when_they_last(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, found = fed(Delta(thought="a"), Delta(thought="b"), shown=False)
    assert (heard.text, heard.placeholder, found.text, found.any) == ("", "", "", True)
    times = iter([0.0, 0.0, 2.0])
    monkeypatch.setattr(thoughts, "loop_time", lambda: next(times))
    heard, _ = fed(Delta(thought="a"), Delta(thought="b"), shown=False)
    assert (heard.text, heard.placeholder) == ("", PLACEHOLDER)


def test_apart() -> None:
    assert unquoted(quoted("hm") + "Hello") == ("hm", "Hello")
    assert unquoted(HEAD + "hm, not done") == ("", "")
    assert unquoted("Hello") == ("", "Hello")
