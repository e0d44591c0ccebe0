"""When the bots that people use today show their text: their own algorithms, as read in their sources.

Models of their loops, not their code (../shared/facts, not part of this repo, has the sources); pages are left out,
in their favour. `say` takes one round trip; `Talk.answer.reaches` is their loop over the model's chunks, which
stands still meanwhile. A peer is made anew for each run: what it shares between chats lives in its closure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from core.errors import TooFast
from tests.bench.place import JUST, TOKEN, Talk, now

Schedule = Callable[[Talk], Awaitable[None]]
Say = Callable[[str], Awaitable[None]]


async def insist(say: Say, text: str, tries: int = 5) -> bool:
    """Say the same text again after each wait that was asked for: what the libraries do inside a call."""
    for _ in range(tries):
        try:
            await say(text)
            return True
        except TooFast as error:
            await asyncio.sleep(error.retry_after)
    return False


def fixed(gap: float = 1.0) -> Schedule:
    """The newest text every `gap` seconds, start to start, and the end at once. After a refusal, the newest again."""

    async def show(talk: Talk) -> None:
        shown = ""
        while shown != talk.answer.whole:
            started, text = now(), talk.answer.text()
            shown = text if await insist(talk.say, text, tries=1) else shown
            await talk.answer.until(started + gap)

    return show


def n3d1117() -> Schedule:
    """By characters, more of them in groups and later; a refused text counts as shown, the last one too."""

    async def show(talk: Talk) -> None:
        shown = backoff = 0
        for size in range(TOKEN, len(talk.answer.whole) + 1, TOKEN):
            level = sum(size > bound for bound in (50, 200, 1000))
            cut = ((50, 90, 120, 180) if talk.group else (15, 25, 45, 90))[level] + backoff
            if shown and size - shown <= cut and size < len(talk.answer.whole):
                continue
            text, shown = await talk.answer.reaches(size), size
            try:
                await talk.say(text)
                await asyncio.sleep(0.01)
            except TooFast as error:
                backoff += 5
                await asyncio.sleep(error.retry_after)

    return show


def father_bot() -> Schedule:
    """Every 100 characters, behind PTB's AIORateLimiter: 20 a minute leak through in groups; a 429 stops the bot."""
    limiter = _AIORateLimiter()

    async def show(talk: Talk) -> None:
        say, shown, size, whole = partial(limiter, talk), 0, 0, talk.answer.whole
        await say("...")
        while size < len(whole):
            size = min(shown + 100, len(whole))
            text = await talk.answer.reaches(size)
            shown = size if await say(text) else shown
            await asyncio.sleep(0.01)

    return show


class _AIORateLimiter:
    """python-telegram-bot's: a leaky bucket for each group, and everybody waits while one waits out a refusal."""

    CALLS, SECONDS = 20, 60.0

    def __init__(self) -> None:
        self._level, self._at, self._pause = 0.0, 0.0, 0.0

    async def __call__(self, talk: Talk, text: str) -> bool:
        for _ in range(5):
            while (wait := max(self._pause - now(), self._full() if talk.group else 0.0)) > JUST:
                await asyncio.sleep(wait)
            self._level += 1
            try:
                await talk.say(text)
                return True
            except TooFast as error:
                self._pause = now() + error.retry_after + 0.1
        return False

    def _full(self) -> float:
        leaked = (now() - self._at) * self.CALLS / self.SECONDS
        self._level, self._at = max(self._level - leaked, 0.0), now()
        return max(self._level + 1 - self.CALLS, 0.0) * self.SECONDS / self.CALLS


def openclaw(gap: float = 1.0) -> Schedule:
    """From 30 characters on, `gap` after the last success; a refusal closes the gate, for the end too."""

    async def show(talk: Talk) -> None:
        shown, text = "", await talk.answer.reaches(30)
        while shown != talk.answer.whole:
            try:
                await talk.say(text)
                shown = text
                await talk.answer.until(now() + gap)
            except TooFast as error:
                await asyncio.sleep(error.retry_after)
            text = talk.answer.text()

    return show


def nanobot(gap: float = 0.6) -> Schedule:
    """Every `gap`, start to start; one dispatcher for all chats waits with whoever has to wait."""
    dispatcher = asyncio.Lock()

    async def show(talk: Talk) -> None:
        text = ""
        while text != talk.answer.whole:
            async with dispatcher:
                started, text = now(), talk.answer.text()
                await insist(talk.say, text, tries=3)
            await talk.answer.until(started + gap)

    return show


def hermes() -> Schedule:
    """Every 50 ms from 24 characters on, whatever the interval; three refusals and only the unseen rest is sent."""

    async def show(talk: Talk) -> None:
        shown, interval, strikes, last = "", 0.8, 0, now()
        while shown != talk.answer.whole and strikes < 3:
            await talk.answer.until(now() + 0.05)
            text = talk.answer.text()
            if not (talk.answer.ended or len(text) >= 24 or now() - last >= interval):
                continue
            try:
                await talk.say(text)
                shown, strikes, last = text, 0, now()
            except TooFast:
                strikes, interval = strikes + 1, min(2 * interval, 10.0)
        await talk.answer.until(talk.answer.end)
        if rest := talk.answer.whole[len(shown) :]:
            await insist(partial(talk.say, message="rest"), rest, tries=2)

    return show


def vercel(private: float = 1.1, group: float = 3.1) -> Schedule:
    """Telegram: an interval that fits one answer, end to start, for the end too; a long refusal there loses it."""

    async def show(talk: Talk) -> None:
        gap, blocked, answer = group if talk.group else private, 0.0, talk.answer
        await insist(talk.say, "...", tries=1)
        last = now()
        while not answer.ended:
            await answer.until(max(last + gap, blocked))
            if answer.ended:
                break
            try:
                await talk.say(answer.text())
                last = now()
            except TooFast as error:
                blocked = now() + error.retry_after
        for _ in range(2):
            if blocked - now() > 5:
                return
            await asyncio.sleep(max(blocked, last + gap) - now())
            try:
                return await talk.say(answer.whole)
            except TooFast as error:
                blocked = now() + error.retry_after

    return show


# On Discord, where discord.py waits inside the call and then says the old text.


def llmcord() -> Schedule:
    """One second since the last edit of any chat of the process; then its end waits a whole second as well."""
    last = 0.0

    async def show(talk: Talk) -> None:
        nonlocal last
        text = await talk.answer.reaches(2 * TOKEN)  # it holds the newest chunk back
        await insist(talk.say, text)
        last = now()
        while text != talk.answer.whole:
            await talk.answer.until(last + 1.0)
            if talk.answer.ended or now() - last >= 1.0 - JUST:
                text = talk.answer.text()
                await asyncio.sleep(max(last + 1.0 - now(), 0.0))
                await insist(talk.say, text)
                last = now()

    return show


def vercel_discord(gap: float = 0.5) -> Schedule:
    """A placeholder, then every half second, end to start."""

    async def show(talk: Talk) -> None:
        await insist(talk.say, "...")
        text = ""
        while text != talk.answer.whole:
            await talk.answer.until(now() + gap)
            text = talk.answer.text()
            await insist(talk.say, text)

    return show


TELEGRAM: dict[str, Callable[[], Schedule]] = {
    "fixed 1 s": fixed,
    "n3d1117": n3d1117,
    "father-bot": father_bot,
    "OpenClaw": openclaw,
    "nanobot": nanobot,
    "Hermes": hermes,
    "vercel": vercel,
}
DISCORD: dict[str, Callable[[], Schedule]] = {
    "fixed 1 s": fixed,
    "llmcord": llmcord,
    "OpenClaw": partial(openclaw, 1.2),
    "nanobot": partial(nanobot, 0.8),
    "vercel": vercel_discord,
}
