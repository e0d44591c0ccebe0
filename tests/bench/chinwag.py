"""Chinwag's own delivery and budgets as a schedule, with the limits that its adapters state."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from bots.discord.surface import ChannelSurface
from bots.telegram.surface import TelegramSurface
from core.live.budget import Budgets
from core.live.delivery import Delivery
from core.surface import Doubt, Limits, Out, Rate, Rendered
from core.types import Address
from tests.bench.peers import Schedule
from tests.bench.place import SPEED, TOKEN, Talk, now

CHANNEL = Rate(5, 1.0)  # Discord's headers on an edit, measured in May 2026


def private(bot: str, chat: str) -> Limits:
    return TelegramSurface(cast(Any, None), Address("telegram", bot, chat, private=True)).limits


def group(bot: str, chat: str) -> Limits:
    return TelegramSurface(cast(Any, None), Address("telegram", bot, chat, private=False)).limits


def channel(bot: str, chat: str) -> Limits:
    return ChannelSurface(cast(Any, _Headers()), Address("discord", bot, chat)).limits


class _Headers:
    """Stands in for Discord's REST API after its first answer."""

    def rate(self, method: str, path: str) -> Rate:
        return CHANNEL


def delivery(used: Sequence[float] = ()) -> Schedule:
    """`used`: how many seconds before the first talk calls were made that its place's budget knows."""
    budgets = Budgets(now)
    earlier = list(used)

    async def show(talk: Talk) -> None:
        while earlier:
            budgets.of(talk.limits).spend(earlier.pop())
        surface = TalkSurface(talk)
        growing = Delivery(surface, budgets, _Journal(), reopen=lambda _: surface, nonce="n", most=99)
        showing = asyncio.create_task(growing.run())
        answer = talk.answer
        for token in range(answer.tokens):
            await answer.until(answer.begun + token / SPEED)
            growing.feed(answer.whole[token * TOKEN : (token + 1) * TOKEN])
        growing.finish()
        await showing

    return show


@dataclass
class TalkSurface:
    """Chinwag's way to the screen of a talk: `core.surface.Surface`, with Markdown shown as it is."""

    talk: Talk
    posted: int = 0
    copies = None

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
    async def posting(self, out: Out, after: str) -> Doubt:
        return Doubt(out, after)

    async def settled(self, doubt: Doubt) -> None: ...

    async def known(self, ids: Sequence[str]) -> set[str]:
        return set()

    async def posted(self, page: int, id: str, doubt: Doubt | None = None) -> None: ...
    async def ours(self) -> None: ...
    async def dropped(self, page: int) -> None: ...
    async def progress(self, text: str, calls: list[float]) -> None: ...
