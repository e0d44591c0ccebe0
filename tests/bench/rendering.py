"""What it costs to show an answer: one edit of a growing one, and 100,000 characters, ordinary and nasty.

`rows` is for `tests.bench.__main__`; `python -m tests.bench.rendering` prints them. CPU time, on the path that the
delivery takes: pages, what is unfinished, rendering.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log10
from statistics import mean

from bots.discord.render import render as discord
from bots.telegram.render import render as telegram
from core.live.screen import Page, Screen
from core.surface import Limits, Rendered
from tests.bots.texts import LONG

PLATFORMS: dict[str, tuple[Callable[[str], Rendered], int]] = {"Telegram": (telegram, 4096), "Discord": (discord, 2000)}
EDITS = 40
PIECE = 60  # characters between two edits: what a model says in about a third of a second
MOST = 10**6  # messages: all of the text is shown, none of it as a file
Row = dict[str, str | float]


@dataclass(frozen=True)
class Still:
    """A surface that only renders."""

    limits: Limits
    render: Callable[[str], Rendered]


def rows() -> list[Row]:
    """name, milliseconds and, for a whole answer, growth: the power of the length that the cost from 10,000 on has."""
    return [*_edits(), *_wholes()]


def _edits() -> Iterator[Row]:
    for platform in PLATFORMS:
        for name in ("ordinary", "words", "code", "table"):
            for size in (4_000, 40_000):
                yield {"name": f"{platform}: an edit at {size:,}, {name}", "milliseconds": edit(platform, name, size)}


def _wholes() -> Iterator[Row]:
    for platform in PLATFORMS:
        for name in LONG:
            ten, hundred = whole(platform, name, 10_000), whole(platform, name, 100_000)
            growth = log10(max(hundred, 0.1) / max(ten, 0.1))
            yield {"name": f"{platform}: 100,000 at once, {name}", "milliseconds": hundred, "growth": growth}


def edit(platform: str, name: str, size: int) -> float:
    """Mean CPU milliseconds of one edit of an answer that grows past `size`, new pages included."""
    text = LONG[name](size + EDITS * PIECE)
    screen = _screen(platform)
    _show(screen, text[:size], ended=False)
    times = []
    for end in range(size + PIECE, len(text) + 1, PIECE):
        began = time.process_time()
        _show(screen, text[:end], ended=False)
        times.append(time.process_time() - began)
    return mean(times) * 1e3


def whole(platform: str, name: str, size: int) -> float:
    """CPU milliseconds of an answer that comes in one piece."""
    screen, text = _screen(platform), LONG[name](size)
    began = time.process_time()
    _show(screen, text, ended=True)
    return (time.process_time() - began) * 1e3


def _screen(platform: str) -> Screen:
    render, page = PLATFORMS[platform]
    return Screen(Still(Limits(page=page, budget=platform, rates=()), render), posted=(), most=MOST)  # type: ignore[arg-type]


def _show(screen: Screen, text: str, *, ended: bool) -> None:
    while (due := screen.due(text, ended)) is not None:
        screen.pages[due.number :] = [Page(str(due.number), due.rendered, done=due.final)]


if __name__ == "__main__":
    for row in rows():
        growth = f"{row['growth']:>8.2f}" if "growth" in row else ""
        print(f"{row['name']:<55}{row['milliseconds']:>10.2f} ms{growth}")
