"""The benchmarks' figures as a person reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

TARGET = 1.15  # times the clairvoyant's mean age


@dataclass(frozen=True)
class Row:
    """One schedule in one place, for answers of `length` seconds. `mean` is over the answers; else the worst of them.

    ratio: of the mean age to the least that is possible. None: never, or not known of a bound.
    """

    place: str
    answers: int
    schedule: str
    length: float
    round_trip: float
    first: float | None
    mean: float
    ratio: float
    worst: float | None
    tail: float | None
    calls: int | None
    refused: int


@dataclass(frozen=True)
class Promise:
    """What can be promised for every length up to a window, not knowing it: times the clairvoyant's mean age.

    formula: core.live.pacer's, which neglects the round trip. least: the numeric optimum.
    worst, at: Chinwag's worst ratio, and at which length. usual: its mean ratio, over the logarithm of the length.
    """

    place: str
    round_trip: float
    formula: float
    least: float
    worst: float
    at: float
    usual: float
    least_usual: float


HEAD = ("place", "n", "schedule", "first", "mean", "ratio", "worst", "oldest", "tail", "calls", "429s", "lost")


def aligned(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The first column to the left, all others to the right, each as wide as it must be."""
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in cells
    )


def table(found: Sequence[Row]) -> str:
    """One line for each place, number of answers and schedule: means over lengths and round trips; worst and oldest."""
    lines = [_line(HEAD)]
    for key, group in _groups(found, lambda row: (row.place, row.answers, row.schedule)):
        lines.append(_line((*map(str, key), *_figures(group))))
    return "\n".join(lines)


def _groups(found: Iterable[Row], key: Callable[[Row], Any]) -> Iterable[tuple[Any, list[Row]]]:
    groups: dict[Any, list[Row]] = {}
    for row in found:
        groups.setdefault(key(row), []).append(row)
    return groups.items()


def _line(cells: Sequence[str]) -> str:
    return f"{cells[0]:<17}{cells[1]:>3} {cells[2]:<12}" + "".join(f"{cell:>8}" for cell in cells[3:])


def _figures(group: Sequence[Row]) -> Iterator[str]:
    yield _mean((row.first for row in group), 2)
    yield _mean((row.mean for row in group), 2)
    yield _mean((row.ratio for row in group), 2)
    yield f"{max(row.ratio for row in group):.2f}"
    yield f"{max((row.worst or 0.0) for row in group):.1f}"
    yield _mean((row.tail for row in group), 2)
    yield _mean((row.calls for row in group), 1)
    yield _mean((row.refused for row in group), 1)
    lost = sum(row.tail is None for row in group)
    yield f"{lost}/{len(group)}" if lost else ""


def _mean(figures: Iterable[float | None], digits: int) -> str:
    known = [figure for figure in figures if figure is not None]
    return f"{mean(known):.{digits}f}" if known else "-"


def verdict(found: Sequence[Row], known: Sequence[Promise]) -> str:
    """Where the target is met, and how near what can be promised at all the rest is."""
    lines = [
        f"Mean age at most {TARGET:.2f} times the clairvoyant's, by length (mean of the round trips; ! is over it):"
    ]
    chinwag = [row for row in found if row.schedule == "Chinwag"]
    for (place, answers), group in _groups(chinwag, lambda row: (row.place, row.answers)):
        by_length = [
            (length, mean(row.ratio for row in rows)) for length, rows in _groups(group, lambda row: row.length)
        ]
        cells = (f"{length:>5g} s {ratio:.2f}{'!' if ratio > TARGET else ' '}" for length, ratio in by_length)
        lines.append(f"{place:<17}{answers:>3} " + "".join(cells))
    lines.append("For every length up to a window, not knowing it: what any schedule can promise, and Chinwag's worst:")
    for one in known:
        lines.append(
            f"{one.place:<17} round trip {one.round_trip:.2f}: any {one.least:.2f} (formula {one.formula:.2f}), "
            f"mean {one.least_usual:.2f}; "
            f"Chinwag {one.worst:.2f} at {one.at:.1f} s, mean {one.usual:.2f}"
        )
    return "\n".join(lines)
