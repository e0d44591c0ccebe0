"""One 40 s answer through the whole real house, call by call: what each call shows, and how old the screen was.

    python -m tests.bench timeline

The bots' own clients talk to the loopback servers, which enforce the platforms' limits; real time, every call takes
80 ms more than loopback does. A private chat and a group in Telegram, and three answers at once in a Discord channel.
"""

from __future__ import annotations

import asyncio
import itertools
import string
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.bench.report import aligned
from tests.platforms.discord import EDIT_MESSAGE, POST_MESSAGE, DiscordServer
from tests.platforms.model import ModelServer
from tests.platforms.replies import Messages
from tests.platforms.telegram import TelegramServer
from tests.story.town import Town

SECONDS, SPEED, TOKEN = 40.0, 50, 4  # of an answer; tokens a second; characters
ROUND_TRIP = 0.08
PLACES = {"a": "private chat", "b": "group", "c": "channel, 1 of 3", "d": "channel, 2 of 3", "e": "channel, 3 of 3"}


@dataclass(frozen=True)
class Call:
    """A call of a bot that showed or tried to show a piece of an answer. time, done: monotonic seconds."""

    time: float
    done: float
    kind: str
    message: str
    text: str
    refused: bool


@dataclass(frozen=True)
class Step:
    """What one call did. tokens: on screen after it. before, after: the age of the screen then, in seconds."""

    call: Call
    tokens: int
    before: float
    after: float


@dataclass(frozen=True)
class Timeline:
    """One answer. said: when each of its tokens was sent (monotonic)."""

    place: str
    said: Sequence[float]
    steps: Sequence[Step]

    @property
    def mean(self) -> float:
        """The age of the oldest token that is not on screen, over the time from the first to the last of them."""
        begun, ended = self.said[0], self.said[-1]
        shown = [(begun, 0), *((step.call.done, step.tokens) for step in self.steps)]
        shown = [*((at, tokens) for at, tokens in shown if at < ended), (ended, 0)]
        area = 0.0
        for (at, tokens), (then, _) in pairwise(shown):
            if tokens == len(self.said):  # on screen before the clock was read that says when it was sent
                continue
            area += (max(then - self.said[tokens], 0.0) ** 2 - max(at - self.said[tokens], 0.0) ** 2) / 2
        return area / (ended - begun)

    @property
    def worst(self) -> float:
        return max(step.before for step in self.steps)

    @property
    def tail(self) -> float | None:
        """Seconds from the last token until all is on screen; None: never."""
        whole = (step.call.done for step in self.steps if step.tokens == len(self.said))
        return next((at - self.said[-1] for at in whole), None)

    @property
    def first(self) -> float:
        return next(step.call.done for step in self.steps if step.tokens) - self.said[0]

    @property
    def refused(self) -> int:
        return sum(step.call.refused for step in self.steps)


def spoken(letter: str, tokens: int) -> list[str]:
    """Words of three letters, each once, that begin with `letter`: one is a token with the space behind it."""
    pairs = itertools.product(string.ascii_letters, repeat=2)
    return [f"{letter}{one}{other}" for one, other in itertools.islice(pairs, tokens)]


def timeline(place: str, words: Sequence[str], said: Sequence[float], calls: Sequence[Call]) -> Timeline:
    """Put the calls of one answer in order. Raises AssertionError when the screen ever shows what was not said."""
    screen: dict[str, str] = {}
    steps: list[Step] = []
    tokens = 0
    for call in sorted(calls, key=lambda call: call.done):
        before = _age(said, tokens, call.done)
        if not call.refused:
            screen[call.message] = call.text
            shown = " ".join(screen.values()).split()
            assert shown == list(words[: len(shown)]), (place, call)
            tokens = len(shown)
        steps.append(Step(call, tokens, before, _age(said, tokens, call.done)))
    return Timeline(place, said, steps)


def _age(said: Sequence[float], tokens: int, at: float) -> float:
    return max(at - said[tokens], 0.0) if tokens < len(said) else 0.0


async def measured(seconds: float = SECONDS) -> list[Timeline]:
    """All five answers at once, in one house."""
    words = {letter: spoken(letter, round(seconds * SPEED)) for letter in PLACES}

    def reply(messages: Messages) -> str:
        return " ".join(words[str(messages[-1]["content"]).strip()[-1]])

    async with (
        ModelServer(reply, pace=1 / SPEED, chunk=TOKEN) as model,
        TelegramServer() as telegram,
        DiscordServer() as discord,
    ):
        telegram.fault(("sendMessage", "editMessageText"), times=10**9, before=ROUND_TRIP / 2, after=ROUND_TRIP / 2)
        for route in (POST_MESSAGE, EDIT_MESSAGE):
            discord.fault(route, times=10**9, before=ROUND_TRIP / 2, after=ROUND_TRIP / 2)
        with tempfile.TemporaryDirectory() as folder:
            town = Town(Path(folder), model, telegram, discord)
            await town.open("telegram", "discord", log_level="error")
            await _ask(town)
            async with asyncio.timeout(3 * seconds + 30):
                while not _whole(words, calls := [*_telegram(telegram), *_discord(discord)]):
                    await asyncio.sleep(0.5)
            await town.close()
    said = {request.text.strip()[-1]: request.times for request in town.asked}
    return [
        timeline(place, words[letter], said[letter], [call for call in calls if call.text.startswith(letter)])
        for letter, place in PLACES.items()
    ]


async def _ask(town: Town) -> None:
    """Each question ends with the letter of its answer."""
    ada = town.telegram.user(1, "Ada")
    await town.telegram.private(ada).send(ada, "Tell me a")
    await town.telegram.group("Class", [ada]).send(ada, f"@{town.telegram.bot.username} tell me b")
    people = [town.discord.user(name) for name in ("bob", "cleo", "dana")]
    channel = town.discord.guild("school", members=people).channel("general")
    for person, letter in zip(people, "cde", strict=True):
        await channel.send(person, f"Tell me {letter}", mention_bot=True)


def _whole(words: dict[str, list[str]], calls: Sequence[Call]) -> bool:
    """Whether the last word of each answer is on screen."""
    return all(any(call.text.endswith(said[-1]) and not call.refused for call in calls) for said in words.values())


def _telegram(server: TelegramServer) -> Iterator[Call]:
    for call in server.calls:
        if call.method in ("sendMessage", "editMessageText"):
            kind, text = "post" if call.method == "sendMessage" else "edit", str(call.params.get("text"))
            yield Call(call.time, call.done, kind, str(call.message_id), text, call.status != 200)


def _discord(server: DiscordServer) -> Iterator[Call]:
    for call in server.rest.calls:
        if call.route in (POST_MESSAGE, EDIT_MESSAGE):
            kind, text = "post" if call.route == POST_MESSAGE else "edit", str(call.json.get("content"))
            message = str(call.message.id) if call.message else ""
            yield Call(call.time, call.done, kind, message, text, call.status != 200)


def shown(found: Sequence[Timeline]) -> str:
    """Every call of every answer, and a table of all."""
    return "\n\n".join([*map(_calls, found), _summary(found)])


def _calls(one: Timeline) -> str:
    begun = one.said[0]
    messages = list(dict.fromkeys(step.call.message for step in one.steps if not step.call.refused))
    rows = [
        (
            f"{step.call.time - begun:.2f}",
            f"{step.call.done - begun:.2f}",
            "429" if step.call.refused else step.call.kind,
            messages.index(step.call.message) + 1 if not step.call.refused else "",
            step.tokens * TOKEN,
            f"{step.before:.2f}",
            f"{step.after:.2f}",
        )
        for step in one.steps
    ]
    head = ("sent", "done", "call", "page", "on screen", "age before", "after")
    return f"{one.place}: {one.said[-1] - begun:.1f} s from the first token to the last\n\n{aligned(head, rows)}"


def _summary(found: Sequence[Timeline]) -> str:
    head = ("answer", "first text", "mean age", "worst", "tail", "calls", "429s")
    return aligned(
        head,
        [
            (
                one.place,
                f"{one.first:.2f}",
                f"{one.mean:.2f}",
                f"{one.worst:.2f}",
                "never" if one.tail is None else f"{one.tail:.2f}",
                len(one.steps),
                one.refused,
            )
            for one in found
        ],
    )


def main() -> None:
    print(shown(asyncio.run(measured())))
