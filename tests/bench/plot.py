"""One 40 s answer over time as an SVG: what was generated and shown, and the age of the oldest character not on screen.

python -m tests.bench.plot     writes build/bench/freshness.svg
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.bench import freshness
from tests.bench.freshness import CHANNEL, GROUP, PRIVATE, Chat, bound, stream
from tests.bench.peers import Schedule, fixed
from tests.bench.place import SPEED, TOKEN, Talk, run

SECONDS = 40.0
AFTER = 4.0  # seconds that are drawn after the last token
TRIP = 0.08
WIDTH, HEIGHT, LEFT, TOP = 520, 180, 60, 110
GAP = 90  # between two charts
LETTER = 6.6  # the width of a letter in a legend, more or less
TOPS = (0.8, 1.2, 1.6, 2.0, 2.4, 4.0, 8.0, 12.0)  # of the axis of ages; what is older is cut off
TITLE = "One 40 s answer while it is written: what is on screen, and how old the oldest word is that is not"
NOTE = "50 tokens a second, 80 ms a call. Age 0: all that was generated is on screen. What is above a chart is cut off."
# The page that shows it is light or dark; so is the picture.
STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 } .head { font-size: 15px; font-weight: 600 }
.quiet { fill: #666 } .paper { fill: #fff } .grid { stroke: #e5e5e5 }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round } .dashed { stroke-dasharray: 4 3 }
.chinwag { stroke: #1769aa } .fixed { stroke: #d9730d } .clairvoyant { stroke: #8a8a8a } .generated { stroke: #222 }
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .quiet { fill: #999 } .paper { fill: #0d1117 } .grid { stroke: #2a3038 }
.chinwag { stroke: #58a6ff } .fixed { stroke: #f0883e } .clairvoyant { stroke: #8b949e } .generated { stroke: #e6edf3 }
}"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """kind: its class in STYLE. points: (seconds from the first token, value)."""

    kind: str
    name: str
    points: list[Point]
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    title: str
    top: float
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
        end = SECONDS * SPEED * TOKEN
        generated = Line("generated", "generated", [(0, 0), (SECONDS, end), (SECONDS + AFTER, end)], dashed=True)
        shown = [Line("fixed", "every second", [*_stairs(other)]), Line("chinwag", "Chinwag", [*_stairs(chinwag)])]
        drawn.append(Chart(f"{title}: characters on screen", 8000, [generated, *shown]))
        known = [
            ("fixed", "every second", other),
            ("clairvoyant", "clairvoyant", best),
            ("chinwag", "Chinwag", chinwag),
        ]
        aged = [_aged(kind, name, [*_ages(steps)]) for kind, name, steps in known]
        oldest = max(value for line in aged for _, value in line.points)
        top = next(top for top in TOPS if top >= min(oldest, TOPS[-1]))
        drawn.append(Chart(f"{title}: age in seconds (mean / worst)", top, aged))
    return drawn


def _aged(kind: str, name: str, points: list[Point]) -> Line:
    """An age, named with its mean and worst from the first token to the last."""
    during = [point for point in points if point[0] <= SECONDS]
    if points[len(during) :]:  # the age at the last token lies between two points
        (x, y), (then, later) = points[len(during) - 1 : len(during) + 1]
        during.append((SECONDS, y + (later - y) * (SECONDS - x) / (then - x)))
    mean = sum((y + later) / 2 * (then - x) for (x, y), (then, later) in pairwise(during)) / SECONDS
    return Line(kind, f"{name} {mean:.2f} / {max(y for _, y in during):.1f}", points, kind == "clairvoyant")


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
    width, height = columns * (WIDTH + GAP), rows * (HEIGHT + GAP) + TOP - 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<style>{STYLE}</style><rect class="paper" width="100%" height="100%" rx="6"/>'
        f'<text class="head" x="{LEFT}" y="32">{TITLE}</text><text class="quiet" x="{LEFT}" y="52">{NOTE}</text>'
    ]
    for number, chart in enumerate(drawn):
        row, column = divmod(number, columns)
        parts.append(f'<g transform="translate({LEFT + column * (WIDTH + GAP)} {TOP + row * (HEIGHT + GAP)})">')
        parts += [*_frame(chart), *_curves(chart), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _frame(chart: Chart) -> Iterator[str]:
    yield f'<text class="title" y="-28">{chart.title}</text>'
    for tick in range(5):
        y = HEIGHT - tick * HEIGHT / 4
        yield f'<path class="grid" d="M0 {y:.1f}H{WIDTH}"/>'
        yield f'<text class="quiet" x="-8" y="{y + 4:.1f}" text-anchor="end">{chart.top * tick / 4:.4g}</text>'
    for second in range(0, int(SECONDS + AFTER) + 1, 10):
        x = second / (SECONDS + AFTER) * WIDTH
        yield f'<text class="quiet" x="{x:.1f}" y="{HEIGHT + 18}" text-anchor="middle">{second} s</text>'


def _curves(chart: Chart) -> Iterator[str]:
    x = 0.0
    for line in chart.lines:
        path = "L".join(f"{x / (SECONDS + AFTER) * WIDTH:.1f} {_y(chart, y):.1f}" for x, y in line.points)
        kind = f"line {line.kind}{' dashed' if line.dashed else ''}"
        yield f'<path class="{kind}" d="M{path}"/>'
        yield f'<path class="{kind}" d="M{x:.0f} -14h18"/><text x="{x + 24:.0f}" y="-10">{line.name}</text>'
        x += 42 + LETTER * len(line.name)


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
