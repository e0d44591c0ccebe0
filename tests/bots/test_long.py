"""Answers of 100,000 characters, ordinary and nasty, go through the core whole: messages that are taken, and a file.

What that costs is counted in calls of the renderer; `tests.bench.rendering` has it in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import regex

from core.live.pages import page
from core.live.screen import Page, Screen
from core.surface import Limits, Rendered
from tests.bots.said import APPS, App
from tests.bots.taken import assert_taken
from tests.bots.texts import LONG

apps = pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
MOST = 8
PIECE = 30_000  # characters that come between two edits


@dataclass
class Measured:
    """A surface of one platform that only renders, and keeps what it was asked to."""

    app: App
    asked: list[str] = field(default_factory=list)

    @property
    def limits(self) -> Limits:
        return Limits(page=self.app.limit, budget=self.app.name, rates=())

    def render(self, markdown: str) -> Rendered:
        self.asked.append(markdown)
        return self.app.render(markdown)


def shown(screen: Screen, text: str, *, ended: bool) -> bytes:
    """Puts on screen what is due, as the delivery does. The content of the file, where there is one."""
    while (due := screen.due(text, ended)) is not None:
        screen.pages[due.number :] = [Page(str(due.number), due.rendered, done=due.final)]
        if due.files:
            return due.files[0].content
    return b""


def streamed(app: App, text: str, piece: int) -> tuple[Screen, Measured, bytes]:
    surface = Measured(app)
    screen = Screen(surface, posted=(), most=MOST)
    for end in range(piece, len(text), piece):
        shown(screen, text[:end], ended=False)
    return screen, surface, shown(screen, text, ended=True)


@apps
@pytest.mark.parametrize("name", LONG)
def test_a_hundred_thousand_characters_arrive_whole(app: App, name: str) -> None:
    text = LONG[name](100_000)
    screen, surface, file = streamed(app, text, PIECE)
    messages = [known.shown for known in screen.pages if known.shown]
    for rendered in messages[:MOST]:
        assert_taken(app, rendered, app.limit)
    if len(screen._borders) > MOST:
        assert file == text.encode("utf-8", "replace")
        assert len(messages) == MOST + 1
    else:
        assert not file
        assert len(messages) == len(screen._borders)
    assert all(known.done for known in screen.pages)
    assert len(surface.asked) <= 16 * len(messages) + 2 * 100_000 / PIECE


@apps
@pytest.mark.parametrize("name", ["ordinary", "table", "code", "CJK", "formulas"])
def test_an_edit_renders_the_open_page_once_and_no_frozen_one(app: App, name: str) -> None:
    text = LONG[name](9_000)
    surface = Measured(app)
    screen = Screen(surface, posted=(), most=MOST)
    for end in range(450, len(text) + 450, 450):
        borders, before = screen._borders, len(surface.asked)
        shown(screen, text[:end], ended=False)
        new = surface.asked[before:]
        if screen._borders == borders:
            assert len(new) <= 2  # what is said, and what of it is shown
            frozen = {page(text[:end], borders, number) for number in range(len(borders) - 1)}
            assert not frozen & set(new)
    assert len(screen._borders) > 1


CLUSTERS = {
    "right to left with marks": "שָׁלוֹם עֲלֵיכֶם مَرْحَبًا بِالعَالَم ",
    "variation selectors": "❤️⚠︎☎️1️⃣*️⃣字󠄀葛󠄁",
    "flags": "🇩🇪🇫🇷🏴󠁧󠁢󠁥󠁮󠁧󠁿🏳️‍🌈",
    "families": "👨‍👩‍👧‍👦👍🏽👩🏿‍🚀",
    "combining": "e\u0301\u0323o\u0302\u0308क्षि் கௌ 한국각",
}


@apps
@pytest.mark.parametrize("piece", CLUSTERS.values(), ids=CLUSTERS)
@pytest.mark.parametrize("shift", range(3))
def test_no_cluster_is_cut_at_a_border(app: App, piece: str, shift: int) -> None:
    text = "x" * shift + piece.replace(" ", "") * 600
    screen, _, _ = streamed(app, text, 2_777)
    whole = {match.start() for match in regex.finditer(r"\X", text)}
    assert len(screen._borders) > 2
    assert {border.offset for border in screen._borders} <= whole
