"""One 40 s answer over time as an SVG: what was generated and shown, and the age of the oldest character not on screen.

python -m tests.bench.plot     writes build/bench/freshness.svg
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import freshness
from tests.bench.freshness import CHANNEL, GROUP, PRIVATE, Chat, bound, stream
from tests.bench.peers import Schedule, fixed
from tests.bench.place import SPEED, TOKEN, Talk, run

SECONDS = 40.0
AFTER = 4.0  # seconds that are drawn after the last token
TRIP = 0.08
WIDTH, HEIGHT, LEFT, TOP = 520, 200, 60, 60
GAP = 90  # between two charts
TOPS = (0.8, 1.2, 1.6, 2.0, 2.4, 4.0, 8.0, 12.0)  # of the axis of ages; what is older is cut off
BLACK, BLUE, ORANGE, GREY = "#222", "#1769aa", "#d9730d", "#999"

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    name: str
    colour: str
    points: list[Point]
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """lines: points of (seconds from the first token, value)."""

    title: str
    top: float
    unit: str
    lines: list[Line]


def charts() -> list[Chart]:
    """For each place what is on screen, and its age: Chinwag's, of a fixed interval, and of the clairvoyant."""
    drawn: list[Chart] = []
    for chat, title in (
        (Chat(PRIVATE), "private chat"),
        (Chat(GROUP), "group: 20 calls a minute"),
        (Chat(CHANNEL, 3), "Discord channel: one of three answers at once"),
    ):
        chinwag, other = (_steps(chat, make) for make in (freshness.ours(chat.place), fixed))
        best = [(call + TRIP, int(call * SPEED) + 1) for call in (*bound(chat, SECONDS, TRIP).calls, SECONDS)]
        known = [("fixed 1 s", ORANGE, other), ("clairvoyant", GREY, best), ("Chinwag", BLUE, chinwag)]
        end = SECONDS * SPEED * TOKEN
        generated = Line("generated", BLACK, [(0, 0), (SECONDS, end), (SECONDS + AFTER, end)], dashed=True)
        shown = [Line(name, colour, list(_stairs(steps))) for name, colour, steps in known if steps is not best]
        drawn.append(Chart(title, 8000, "characters on screen", [generated, *shown]))
        aged = [Line(name, colour, list(_ages(steps)), name == "clairvoyant") for name, colour, steps in known]
        oldest = max(value for line in aged for _, value in line.points)
        drawn.append(Chart(title, next(top for top in TOPS if top >= min(oldest, TOPS[-1])), "age in seconds", aged))
    return drawn


def _steps(chat: Chat, make: Callable[[], Schedule]) -> list[tuple[float, int]]:
    """(seconds from the first token, tokens on screen) of the first answer in the chat."""
    talks: list[list[Talk]] = run(stream([chat], make, SECONDS, TRIP))
    talk = talks[0][0]
    return [(at - talk.answer.begun, tokens) for at, tokens in talk.shown]


def _stairs(steps: Sequence[tuple[float, int]]) -> Iterator[Point]:
    before = 0
    for at, tokens in steps:
        if at > SECONDS + AFTER:
            break
        yield at, before * TOKEN
        yield at, tokens * TOKEN
        before = tokens
    yield SECONDS + AFTER, before * TOKEN


def _ages(steps: Sequence[tuple[float, int]]) -> Iterator[Point]:
    """A saw: up with the time, and down to the age of the oldest token that a call has left out."""
    oldest = 0.0
    everything = round(SECONDS * SPEED) + 1
    yield 0, 0
    for at, tokens in steps:
        if at > SECONDS + AFTER:
            yield SECONDS + AFTER, SECONDS + AFTER - oldest
            return
        yield at, max(at - oldest, 0)
        oldest = tokens / SPEED
        yield at, max(at - oldest, 0) if tokens < everything else 0
    yield SECONDS + AFTER, 0


def svg(drawn: Sequence[Chart], columns: int = 2) -> str:
    rows = -(-len(drawn) // columns)
    width, height = columns * (WIDTH + GAP) + LEFT, rows * (HEIGHT + GAP) + TOP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        'font-size="12"><rect width="100%" height="100%" fill="white"/>'
    ]
    for number, chart in enumerate(drawn):
        row, column = divmod(number, columns)
        parts.append(f'<g transform="translate({LEFT + column * (WIDTH + GAP)} {TOP + row * (HEIGHT + GAP)})">')
        parts += [*_frame(chart), *_curves(chart), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _frame(chart: Chart) -> Iterator[str]:
    yield f'<text x="0" y="-32" font-weight="bold">{chart.title}: {chart.unit}</text>'
    for tick in range(5):
        y = HEIGHT - tick * HEIGHT / 4
        yield f'<path d="M0 {y:.1f}H{WIDTH}" stroke="#e5e5e5"/>'
        yield f'<text x="-6" y="{y + 4:.1f}" text-anchor="end" fill="#555">{chart.top * tick / 4:.4g}</text>'
    for second in range(0, int(SECONDS + AFTER) + 1, 10):
        x = second / (SECONDS + AFTER) * WIDTH
        yield f'<text x="{x:.1f}" y="{HEIGHT + 16}" text-anchor="middle" fill="#555">{second} s</text>'


def _curves(chart: Chart) -> Iterator[str]:
    for number, line in enumerate(chart.lines):
        path = "L".join(f"{x / (SECONDS + AFTER) * WIDTH:.1f} {_y(chart, y):.1f}" for x, y in line.points)
        dash = ' stroke-dasharray="5 3"' if line.dashed else ""
        yield f'<path d="M{path}" fill="none" stroke="{line.colour}" stroke-width="1.5"{dash}/>'
        x = 95 * number
        yield f'<path d="M{x} -16h18" stroke="{line.colour}" stroke-width="2"{dash}/>'
        yield f'<text x="{x + 22}" y="-12" fill="{line.colour}">{line.name}</text>'


def _y(chart: Chart, value: float) -> float:
    return HEIGHT - min(value / chart.top, 1.0) * HEIGHT


def draw(folder: Path = freshness.BUILD) -> Path:
    """Write the plot and say where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "freshness.svg"
    path.write_text(svg(charts()), "utf-8")
    return path


if __name__ == "__main__":
    print(draw())
