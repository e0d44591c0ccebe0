"""How fresh the screen is while an answer streams: Chinwag's own delivery, the peers' schedules, and the best possible.

    python -m tests.bench.freshness

On a virtual clock, against places that refuse what is over their limits. `make bench` calls `rows` and `table`.
Every answer says 50 tokens a second of 4 characters. Answers in one place begin and end at the same moments, which
is the worst for what they share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from statistics import mean
from typing import Any, cast

from bots.discord.surface import ChannelSurface
from bots.telegram.surface import TelegramSurface
from core.live.budget import Budgets
from core.live.delivery import Delivery
from core.surface import Limits, Out, Rate, Rendered
from core.types import Address
from tests.bench.clairvoyant import Least, least
from tests.bench.peers import DISCORD, TELEGRAM, Schedule
from tests.bench.place import SPEED, TOKEN, Answer, Bucket, Guard, Talk, Window, ages, now
from tests.virtual import run

LENGTHS = (2.0, 8.0, 20.0, 40.0, 90.0)
ROUND_TRIPS = (0.08, 0.3)
BEGIN = 100.0  # virtual seconds: earlier calls can lie before it
GIVE_UP = 4000.0  # seconds after the last token
CHANNEL = Rate(5, 1.0)  # Discord's headers on an edit, measured in May 2026


def telegram(bot: str, chat: str, private: bool) -> Limits:
    address = Address("telegram", bot, chat, private=private)
    return TelegramSurface(cast(Any, None), address).limits


def discord(bot: str, chat: str) -> Limits:
    return ChannelSurface(cast(Any, _Headers()), Address("discord", bot, chat)).limits


class _Headers:
    """Stands in for Discord's REST API after its first answer."""

    def rate(self, method: str, path: str) -> Rate:
        return CHANNEL


@dataclass(frozen=True)
class Place:
    """A kind of place. limits: what Chinwag's adapter states, by bot and chat. enforced: what the platform refuses.

    used: how many seconds before the first token earlier calls were made.
    """

    name: str
    limits: Callable[[str, str], Limits]
    enforced: tuple[Rate, ...]
    answers: tuple[int, ...]
    peers: dict[str, Callable[[], Schedule]]
    bucket: tuple[int, float] | None = None
    group: bool = False
    used: tuple[float, ...] = ()

    def guard(self) -> Guard:
        limits: list[Window | Bucket] = [Window(rate) for rate in self.enforced]
        guard = Guard(limits + ([Bucket(*self.bucket)] if self.bucket else []), whole_seconds=self.peers is TELEGRAM)
        for ago in self.used:
            guard.count(BEGIN - ago)
        return guard

    def rates(self, seconds: float) -> list[Rate]:
        """All that is enforced on answers of so many seconds, as windows."""
        rates = list(self.enforced)
        if self.bucket:
            burst, a_second = self.bucket
            rates.append(Rate(burst + int(seconds * a_second), seconds + 1.0))
        return rates


_private = telegram("bot", "1", True).rates
_dm: Callable[[str, str], Limits] = partial(telegram, private=True)
_in_group: Callable[[str, str], Limits] = partial(telegram, private=False)
GROUP = Place("group", _in_group, (Rate(20, 60.0),), (1, 3), TELEGRAM, group=True)
PLACES = (
    Place("private", _dm, _private, (1, 3), TELEGRAM),
    Place("private, 1/s", _dm, _private, (1, 3), TELEGRAM, bucket=(5, 1.0)),
    GROUP,
    Place("channel", discord, (CHANNEL,), (1, 3, 10), DISCORD),
)


def chinwag(used: Sequence[float] = ()) -> Schedule:
    """Chinwag's own delivery and budgets. `used`: seconds before now of calls that the first place's budget knows."""
    budgets = Budgets(now)
    earlier = list(used)

    async def show(talk: Talk) -> None:
        while earlier:
            budgets.of(talk.limits).spend(earlier.pop(0) - BEGIN + now())
        surface = TalkSurface(talk)
        delivery = Delivery(surface, budgets, _Journal(), reopen=lambda _: surface, nonce="n", most=99)
        showing = asyncio.create_task(delivery.run())
        answer = talk.answer
        for token in range(answer.tokens):
            await answer.until(answer.begun + token / SPEED)
            delivery.feed(answer.whole[token * TOKEN : (token + 1) * TOKEN])
        delivery.finish()
        await showing

    return show


@dataclass
class TalkSurface:
    """Chinwag's way to the screen of a talk: `core.surface.Surface`, with Markdown shown as it is."""

    talk: Talk
    posted: int = 0

    @property
    def limits(self) -> Limits:
        return self.talk.limits

    def render(self, markdown: str) -> Rendered:
        return Rendered(markdown, len(markdown))

    async def post(self, out: Out) -> str:
        self.posted += 1
        message = str(self.posted)
        await self.talk.say(out.rendered.text, message)
        return message

    async def edit(self, id: str, out: Out) -> None:
        await self.talk.say(out.rendered.text, id)

    async def delete(self, id: str) -> None:
        self.talk.show(id, None)

    async def typing(self) -> None:
        """Costs no message."""


class _Journal:
    async def posted(self, page: int, id: str) -> None: ...
    async def progress(self, text: str, calls: list[float]) -> None: ...


@dataclass(frozen=True)
class Row:
    """One schedule in one place, for answers of `length` seconds. Of several answers: `mean` is the mean, else the worst.

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


@dataclass
class Chat:
    """Talks at once in one chat, with what the platform has planned for it: (seconds after the first token, wait)."""

    place: Place
    answers: int
    bot: str = "bot"
    name: str = "1"
    plan: list[tuple[float, float]] = field(default_factory=list)


async def stream(chats: Sequence[Chat], make: Callable[[], Schedule], length: float, trip: float) -> list[list[Talk]]:
    """Answers of `length` seconds in all chats at once, by one process."""
    bots = {chat.bot: Guard(list(_whole(chat))) for chat in chats}
    talks = []
    for chat in chats:
        guard = chat.place.guard()
        guard.plan = [(BEGIN + at, wait) for at, wait in chat.plan]
        answer = Answer(BEGIN, length)
        limits = chat.place.limits(chat.bot, chat.name)
        talk = partial(Talk, answer, [guard, bots[chat.bot]], trip, limits, chat.place.group)
        talks.append([talk() for _ in range(chat.answers)])
    await asyncio.sleep(BEGIN)
    show = make()
    everything = asyncio.gather(*(show(talk) for row in talks for talk in row))
    await asyncio.wait_for(everything, length + GIVE_UP)
    return talks


def _whole(chat: Chat) -> Iterator[Window]:
    for rate in chat.place.limits(chat.bot, chat.name).whole_rates:
        yield Window(rate)


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


def _worst(figures: Iterator[float | None]) -> float | None:
    known = list(figures)
    return None if None in known else max(cast(list[float], known))


def bound(chat: Chat, length: float, trip: float) -> Least:
    interval = chat.place.limits(chat.bot, chat.name).interval
    return least(length, trip, interval, chat.place.rates(length), chat.answers)


def rows(places: Sequence[Place] = PLACES, lengths: Sequence[float] = LENGTHS) -> list[Row]:
    """Every place, number of answers, schedule, length and round trip."""
    found = []
    for place in places:
        for chat in (Chat(place, answers) for answers in place.answers):
            for length in lengths:
                for trip in ROUND_TRIPS:
                    found += _compared(chat, length, trip)
    return found


def _compared(chat: Chat, length: float, trip: float) -> Iterator[Row]:
    best = bound(chat, length, trip)
    schedules = {"Chinwag": partial(chinwag, chat.place.used)} | chat.place.peers
    yield Row(chat.place.name, chat.answers, "clairvoyant", length, trip, None, best.mean, 1.0, None, trip, None, 0)
    for name, make in schedules.items():
        [talks] = run(stream([chat], make, length, trip))
        yield row(chat, name, talks, best)


def table(found: Sequence[Row]) -> str:
    """One line for each place, number of answers and schedule: means over lengths and round trips."""
    lines = [
        f"{'place':<13}{'n':>3} {'schedule':<12}{'first':>7}{'mean':>7}{'ratio':>7}{'worst':>7}{'oldest':>8}{'tail':>8}{'calls':>7}{'429s':>6}  lost"
    ]
    keys = dict.fromkeys((row.place, row.answers, row.schedule) for row in found)
    for place, answers, schedule in keys:
        group = [row for row in found if (row.place, row.answers, row.schedule) == (place, answers, schedule)]
        lines.append(f"{place:<13}{answers:>3} {schedule:<12}" + _line(group))
    return "\n".join(lines)


def _line(group: Sequence[Row]) -> str:
    def average(name: str, digits: int) -> str:
        known = [value for value in (getattr(row, name) for row in group) if value is not None]
        return f"{mean(known):.{digits}f}" if known else "-"

    ratio = max(row.ratio for row in group)
    oldest = [row.worst for row in group if row.worst is not None]
    lost = sum(row.tail is None for row in group)
    return (
        f"{average('first', 2):>7}{average('mean', 2):>7}{average('ratio', 2):>7}{ratio:>7.2f}"
        f"{max(oldest) if oldest else 0:>8.1f}{average('tail', 2):>8}{average('calls', 1):>7}{average('refused', 1):>6}"
        + (f"  {lost}/{len(group)}" if lost else "")
    )


if __name__ == "__main__":
    began = time.perf_counter()
    everything = rows()
    print(table(everything))
    print(f"{time.perf_counter() - began:.1f} s")
    print(len([asdict(row) for row in everything]))
