"""The least mean age that any schedule can have: one that knows when the answers end, and one that does not.

`least` is exact for one answer that is shorter than the windows of its place, and a lower bound else: the windows
get a price per call (Lagrange), and the best calls under a price are found by dynamic programming on the grid of the
tokens. Nothing is lost by the grid: a call moved back to the newest token before it shows the same text sooner, and
all pauses stay as long, as they are whole numbers of its steps. Pages are left out, in the clairvoyant's favour.
Not knowing the length: `promise` is the least ratio to it that a schedule can keep for every length up to a window,
and `usual` the least mean ratio, when every doubling of the length is as likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, inf, log

from core.surface import Rate
from tests.bench.place import SPEED

PRECISION = 3e-3  # of a price or a ratio


@dataclass(frozen=True)
class Least:
    """mean: the least mean age, in seconds. calls: when, in seconds from the first token, without the end's."""

    mean: float
    calls: tuple[float, ...]


def least(seconds: float, round_trip: float, interval: float, rates: Sequence[Rate], answers: int = 1) -> Least:
    """For `answers` at once, from 0 to `seconds` each. A text is on screen a round trip after its call.

    interval: the shortest pause between two calls of one answer. rates: of the place, all answers and ends together.
    """
    steps, trip = round(seconds * SPEED), round(round_trip * SPEED)
    pause = max(round(interval * SPEED), trip)
    bounds = [_bound(steps, trip, pause, rate, answers) for rate in rates] or [
        _chain(steps, trip, pause, [0.0] * steps)
    ]
    area, calls = max(bounds)
    return Least(area / steps / SPEED, tuple(call / SPEED for call in calls))


def _bound(steps: int, trip: int, pause: int, rate: Rate, answers: int) -> tuple[float, list[int]]:
    """The best dual value of one rate, and the calls at the lowest price at which they keep to it on the whole."""
    windows = _windows(steps, round(rate.seconds * SPEED))
    layers = [sum(start <= step < stop for start, stop in windows) for step in range(steps + 1)]
    spare = (rate.calls * len(windows) - answers * layers[steps]) / answers  # for what comes before the end
    best, calls = _chain(steps, trip, pause, [0.0] * len(layers))
    low, high = 0.0, 0.0 if sum(layers[call] for call in calls) <= spare else inf
    price = float(steps)
    while high - low > PRECISION * high or high == inf:
        area, tried = _chain(steps, trip, pause, [price * layer for layer in layers])
        best = max(best, area - price * spare)
        if sum(layers[call] for call in tried) <= spare:
            high, calls = price, tried
        else:
            low = price
        price = (low + high) / 2 if high < inf else 4 * price
    return best, calls


def _windows(steps: int, width: int) -> list[tuple[int, int]]:
    """Windows that cover all steps, evenly; they overlap where they must. One of them when it holds all."""
    count = max(ceil((steps + 1) / width), 1)
    room = max(steps + 1 - width, 0)
    starts = [round(number * room / max(count - 1, 1)) for number in range(count)]
    return [(start, start + width) for start in starts]


def _chain(steps: int, trip: int, pause: int, prices: Sequence[float]) -> tuple[float, list[int]]:
    """The least area under the age of one answer plus the prices of its calls, and these calls; in steps.

    A call at c shows tokens up to c, so that the age is t - (c + 1) from c + trip on, until the next call's text.
    The best previous call is found on the lower hull of one line for each: slope trip - 1 - s, for a call at s.
    """
    lag = trip - 1
    cost = [0.0] * steps
    back = [-1] * steps
    hull: list[tuple[float, float, int]] = []
    at = 0
    for call in range(steps - trip + 1):
        cost[call] = (call + trip) ** 2 / 2
        if call >= pause:
            _add(hull, cost, call - pause, lag)
            at = min(at, len(hull) - 1)
            while at + 1 < len(hull) and _value(hull[at + 1], call) <= _value(hull[at], call):
                at += 1
            after = _value(hull[at], call) + (call**2 - lag**2) / 2
            if after < cost[call]:
                cost[call], back[call] = after, hull[at][2]
        cost[call] += prices[call]
    ends = ((cost[call] + ((steps - call - 1) ** 2 - lag**2) / 2, call) for call in range(steps - trip + 1))
    area, last = min([*ends, (steps**2 / 2, -1)])
    calls = []
    while last >= 0:
        calls.append(last)
        last = back[last]
    return area, calls[::-1]


def _value(line: tuple[float, float, int], call: int) -> float:
    return line[0] * call + line[1]


def _add(hull: list[tuple[float, float, int]], cost: list[float], call: int, lag: int) -> None:
    slope = float(lag - call)
    line = (slope, cost[call] + slope**2 / 2, call)
    while len(hull) > 1 and _crossing(hull[-2], line) <= _crossing(hull[-2], hull[-1]):
        hull.pop()
    hull.append(line)


def _crossing(one: tuple[float, float, int], other: tuple[float, float, int]) -> float:
    """From which call on the `other`, less steep, line is below."""
    return (other[1] - one[1]) / (one[0] - other[0])


def alone(seconds: float, round_trip: float, interval: float, calls: int) -> float:
    """The least mean age of one answer with `calls` calls, its end's too: `least` in closed form, without the grid."""
    return _alone(seconds, round_trip, max(interval, round_trip), calls - 1) / seconds


def promise(rate: Rate, interval: float, round_trip: float, shortest: float = 2.0, grid: float = 0.2) -> float:
    """The least r such that one schedule is at most r times as old as the clairvoyant for every length up to a window.

    Its calls are on a grid of so many seconds, and one is kept for the end. Found by bisection; whether an r can be
    kept is decided by dynamic programming over (calls made, moment of the last one) -> the least area under the age.
    """
    trip, pause = round_trip / grid, max(interval, round_trip) / grid
    allowed = [_alone(length, trip, pause, rate.calls - 1) for length in range(round(rate.seconds / grid) + 1)]
    free = ceil(shortest / grid)
    low, high = 1.0, 8.0
    while high - low > PRECISION:
        middle = (low + high) / 2
        kept = _can_promise(
            [inf] * free + [middle * area for area in allowed[free:]], trip, ceil(pause), rate.calls - 1
        )
        low, high = (low, middle) if kept else (middle, high)
    return high


def _alone(length: float, trip: float, pause: float, calls: int) -> float:
    """The least area of one answer with at most so many calls before its end: all pieces alike, but pauses kept."""
    rest, best = length - trip, length**2 / 2
    for count in range(1, calls + 1):
        ends = rest / (count + 1)
        inner = max(ends, pause) if count > 1 else ends
        ends = (rest - (count - 1) * inner) / 2
        if ends < 0:
            break
        pieces = 2 * (ends + trip) ** 2 + (count - 1) * (inner + trip) ** 2 - count * trip**2
        best = min(best, pieces / 2)
    return best


def _can_promise(bounds: Sequence[float], trip: float, pause: int, calls: int) -> bool:
    """Whether the area can stay within `bounds` at every length, with so many calls before the end."""
    last = len(bounds) - 1
    areas = {0: 0.0}  # after the calls so far: the moment of the last -> the area up to its text on screen
    for made in range(calls + 1):
        following: dict[int, float] = {}
        for call, area in areas.items():
            since = trip if made else 0.0
            length = call + pause if made else 0
            while True:
                shown = length + trip
                total = area + ((shown - call) ** 2 - since**2) / 2
                if total > _at(bounds, shown):
                    break
                if shown >= last:
                    return True
                if total < following.get(length, inf):
                    following[length] = total
                length += 1
        areas = following
    return False


def _at(bounds: Sequence[float], length: float) -> float:
    """The bound of a length between two steps: of the nearer one, so that a grid's step is no advantage."""
    return bounds[min(round(length), len(bounds) - 1)]


def usual(rate: Rate, interval: float, round_trip: float, shortest: float = 2.0, grid: float = 0.25) -> float:
    """The least mean ratio that one schedule can have, over the logarithms of the lengths from `shortest` to a window.

    Its calls are on a grid of so many seconds, and one is kept for the end. Found by dynamic programming over (calls
    made, moment of the last one); an age at a moment counts in all lengths beyond it, each by its clairvoyant's area.
    """
    steps, trip, pause = round(rate.seconds / grid), round_trip / grid, max(interval, round_trip) / grid
    first = ceil(shortest / grid)
    chances = [
        1 / (length + 0.5) / log(steps / first) / _alone(length + 0.5, trip, pause, rate.calls - 1)
        if length >= first
        else 0.0
        for length in range(steps)
    ]
    beyond = list(accumulate(reversed(chances)))[::-1]
    weights = [0.0, *accumulate(beyond)]
    moments = [0.0, *accumulate(weight * (step + 0.5) for step, weight in enumerate(beyond))]

    def area(call: float, start: float, stop: float) -> float:
        return _between(moments, start, stop) - call * _between(weights, start, stop)

    ahead = [area(call, call + trip, steps) for call in range(steps + 1)]  # without another call
    for _ in range(rate.calls - 2):
        ahead = [
            min(
                [
                    ahead[call],
                    *(area(call, call + trip, later + trip) + ahead[later] for later in _later(call, pause, steps)),
                ]
            )
            for call in range(steps + 1)
        ]
    return min(area(0.0, 0.0, call + trip) + ahead[call] for call in range(steps + 1))


def _later(call: int, pause: float, steps: int) -> range:
    """When the next call may be; after a third of a window without one, none pays any more."""
    return range(call + ceil(pause), min(call + steps // 3, steps) + 1)


def _between(sums: Sequence[float], start: float, stop: float) -> float:
    return _within(sums, stop) - _within(sums, start)


def _within(sums: Sequence[float], moment: float) -> float:
    step = min(int(moment), len(sums) - 1)
    following = sums[min(step + 1, len(sums) - 1)]
    return sums[step] + (min(moment, len(sums) - 1) - step) * (following - sums[step])
