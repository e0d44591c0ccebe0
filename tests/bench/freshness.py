"""How fresh the screen is while an answer streams: Chinwag's own delivery, the peers' schedules, and the best possible.

    python -m tests.bench.freshness

On a virtual clock, against places that refuse what is over their limits. `make bench` calls `measured` and `report`.
Every answer says 50 tokens a second of 4 characters. Answers in one place begin and end at the same moments, which
is the worst for what they share. The clairvoyant keeps to Chinwag's shortest interval; peers need not.

What can be reached by a schedule that does not know the length, whatever it is (`promises` computes it each time):
in a group 1.51 times the clairvoyant's mean age at worst (1.39 with round trips of 0.3 s), or 1.27 (1.21) in the mean
of all lengths up to a minute; in a private chat 1.14 (1.11), or 1.05 (1.04). So within 15 % of it for every length is
just possible in a private chat, and impossible in a group. These bounds leave out pages, which cost a call more each.
Several answers in a Discord channel: the call that is kept for an end is one of five in its second, so that the rest is
1.25 times as far apart. Ten that end at the same moment need two windows: no schedule completes them in one round trip.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from math import log
from pathlib import Path
from random import Random
from statistics import mean

from core.surface import Limits, Rate
from tests.bench import chinwag
from tests.bench.clairvoyant import Least, alone, least, promise, usual
from tests.bench.peers import DISCORD, TELEGRAM, Schedule
from tests.bench.place import Answer, Bucket, Guard, Talk, Window, ages, run
from tests.bench.report import Promise, Row, table, verdict

LENGTHS = (2.0, 8.0, 20.0, 40.0, 90.0)
ROUND_TRIPS = (0.08, 0.3)
BEGIN = 100.0  # virtual seconds: earlier calls can lie before it
GIVE_UP = 4000.0  # seconds after the last token
BUILD = Path("build/bench")


@dataclass(frozen=True)
class Place:
    """A kind of place. limits: what Chinwag's adapter states, by bot and chat. enforced: what the platform refuses.

    bucket: a second limiter on top, (burst, calls a second). used: seconds before the first token of earlier calls.
    uneven: the calls take now less and now more time, so that what left in time may arrive too early.
    """

    name: str
    limits: Callable[[str, str], Limits]
    enforced: tuple[Rate, ...]
    answers: tuple[int, ...]
    peers: dict[str, Callable[[], Schedule]]
    bucket: tuple[int, float] | None = None
    group: bool = False
    used: tuple[float, ...] = ()
    uneven: bool = False
    lengths: tuple[float, ...] = LENGTHS

    def guard(self) -> Guard:
        limits: list[Window | Bucket] = [Window(rate) for rate in self.enforced]
        guard = Guard(limits + ([Bucket(*self.bucket)] if self.bucket else []), whole_seconds=self.peers is TELEGRAM)
        for ago in sorted(self.used, reverse=True):
            guard.count(BEGIN - ago)
        return guard

    def rates(self, seconds: float) -> list[Rate]:
        """All that is enforced on answers of so many seconds, as windows; of a place that was used, until then."""
        rates = [replace(rate, calls=rate.calls - len(self.used)) for rate in self.enforced]
        if self.bucket:
            burst, a_second = self.bucket
            rates.append(Rate(burst + int(seconds * a_second), seconds + 1.0))
        return rates


_rates = chinwag.private("1", "1").rates
PRIVATE = Place("private", chinwag.private, _rates, (1, 3), TELEGRAM)
GROUP = Place("group", chinwag.group, (Rate(20, 60.0),), (1, 3), TELEGRAM, group=True)
STRICT = replace(PRIVATE, name="private, 1/s", bucket=(5, 1.0))
CHANNEL = Place("channel", chinwag.channel, (chinwag.CHANNEL,), (1, 3, 10), DISCORD)
PLACES = (
    PRIVATE,
    STRICT,
    GROUP,
    # Fifteen calls of the minute are gone, and come back after the answer.
    replace(GROUP, name="group, 15 used", answers=(1,), used=tuple(4 + n / 2 for n in range(15)), lengths=LENGTHS[:4]),
    CHANNEL,
    *(replace(place, name=f"{place.name}, uneven", uneven=True) for place in (PRIVATE, GROUP, CHANNEL)),
)


@dataclass
class Chat:
    """Talks at once in one chat, with what the platform has planned for it: (seconds after the first token, wait)."""

    place: Place
    answers: int = 1
    bot: str = "1"
    name: str = "1"
    plan: list[tuple[float, float]] = field(default_factory=list)


async def stream(chats: Sequence[Chat], make: Callable[[], Schedule], length: float, trip: float) -> list[list[Talk]]:
    """Answers of `length` seconds in all chats at once, by one process."""
    bots = {chat.bot: Guard([Window(rate) for rate in _limits(chat).whole_rates]) for chat in chats}
    talks = []
    for chat in chats:
        guard = chat.place.guard()
        guard.plan = [(BEGIN + at, wait) for at, wait in chat.plan]
        uneven = Random(1) if chat.place.uneven else None
        talk = partial(
            Talk,
            Answer(BEGIN, length),
            [guard, bots[chat.bot]],
            trip,
            _limits(chat),
            group=chat.place.group,
            uneven=uneven,
        )
        talks.append([talk() for _ in range(chat.answers)])
    await asyncio.sleep(BEGIN)
    show = make()
    everything = asyncio.gather(*(show(talk) for row in talks for talk in row))
    await asyncio.wait_for(everything, length + GIVE_UP)
    return talks


def ours(place: Place) -> Callable[[], Schedule]:
    return partial(chinwag.delivery, place.used)


def _limits(chat: Chat) -> Limits:
    return chat.place.limits(chat.bot, chat.name)


def row(chat: Chat, name: str, talks: Sequence[Talk], best: Least) -> Row:
    figures = [ages(talk) for talk in talks]
    average = mean(figure.mean for figure in figures)
    return Row(
        chat.place.name,
        chat.answers,
        name,
        talks[0].answer.seconds,
        talks[0].round_trip,
        _worst(figure.first for figure in figures),
        average,
        average / best.mean,
        max(figure.worst for figure in figures),
        _worst(figure.tail for figure in figures),
        sum(len(talk.starts) for talk in talks),
        sum(talk.refused for talk in talks),
    )


def _worst(figures: Iterable[float | None]) -> float | None:
    worst = 0.0
    for figure in figures:
        if figure is None:
            return None
        worst = max(worst, figure)
    return worst


def bound(chat: Chat, length: float, trip: float) -> Least:
    return least(length, trip, _limits(chat).interval, chat.place.rates(length), chat.answers)


def rows(places: Sequence[Place] = PLACES) -> list[Row]:
    """Every place, number of answers, schedule, length and round trip."""
    return [
        row
        for place in places
        for answers in place.answers
        for length in place.lengths
        for trip in ROUND_TRIPS
        for row in _compared(Chat(place, answers), length, trip)
    ]


def _compared(chat: Chat, length: float, trip: float) -> Iterator[Row]:
    best = bound(chat, length, trip)
    yield Row(chat.place.name, chat.answers, "clairvoyant", length, trip, None, best.mean, 1.0, None, trip, None, 0)
    for name, make in ({"Chinwag": ours(chat.place)} | chat.place.peers).items():
        [talks] = run(stream([chat], make, length, trip))
        yield row(chat, name, talks, best)


def refusals(length: float = 20.0, trip: float = 0.08) -> list[Row]:
    """What Chinwag makes of a 429: on the first post, in the middle and at the end, and who else is held up by it."""
    found = []
    best = bound(Chat(PRIVATE), length, trip)
    for wait in (1.0, 30.0, 240.0, 1600.0):
        for when, at in (("first post", 0.0), ("middle", length / 2), ("end", length)):
            chat = Chat(replace(PRIVATE, name=f"429 of {wait:g} s"), plan=[(at, wait)])
            [talks] = run(stream([chat], ours(PRIVATE), length, trip))
            found.append(row(chat, when, talks, best))
    refused = [(5.0, 30.0)]
    beside = [Chat(PRIVATE, plan=refused), Chat(PRIVATE, name="2"), Chat(PRIVATE, bot="2"), Chat(CHANNEL)]
    found += _neighbours("429 next door", beside, length, trip)
    beside = [Chat(PRIVATE, plan=refused), Chat(PRIVATE, name="2", plan=refused), *beside[2:]]
    return [*found, *_neighbours("429 to a bot", beside, length, trip)]


def _neighbours(name: str, chats: list[Chat], length: float, trip: float) -> Iterator[Row]:
    places = run(stream(chats, ours(PRIVATE), length, trip))
    for who, chat, talks in zip(("itself", "same bot", "other bot", "Discord"), chats, places, strict=True):
        yield row(replace(chat, place=replace(chat.place, name=name)), who, talks, bound(chat, length, trip))


def promises() -> list[Promise]:
    return [
        _promise(place, rate, trip)
        for place, rate in ((PRIVATE, _rates[-1]), (GROUP, Rate(20, 60.0)))
        for trip in ROUND_TRIPS
    ]


def _promise(place: Place, rate: Rate, trip: float) -> Promise:
    interval = _limits(Chat(place)).interval
    [[talk]] = run(stream([Chat(place)], ours(place), rate.seconds, trip))
    lengths = [2.0 * (rate.seconds / 2.0) ** (step / 150) for step in range(151)]
    ratios = {}
    for length in lengths:
        cut = replace(talk, answer=Answer(BEGIN, length))
        ratios[ages(cut).mean / alone(length, trip, interval, rate.calls)] = length
    formula = 1 + max(log(rate.seconds / (rate.calls - 1) / interval), 0.0) / 2
    numeric = promise(rate, interval, trip)
    return Promise(
        place.name, trip, formula, numeric, max(ratios), ratios[max(ratios)], mean(ratios), usual(rate, interval, trip)
    )


def main() -> None:
    began = time.perf_counter()
    found, known, faults = rows(), promises(), refusals()
    print(table(found), verdict(found, known), table(faults), sep="\n\n")
    BUILD.mkdir(parents=True, exist_ok=True)
    everything = {"freshness": found, "refusals": faults, "promises": known}
    plain = {name: [asdict(row) for row in figures] for name, figures in everything.items()}
    (BUILD / "freshness.json").write_text(json.dumps(plain, indent=1), "utf-8")
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
