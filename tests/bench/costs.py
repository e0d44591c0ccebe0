"""What an edit and a durable write cost, each beside a named alternative.

CPU time, medians of interleaved rounds: the machine that runs this is seldom quiet.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.bench import prose

ROUNDS = 5
TEXTS = 8  # in each round


@dataclass(frozen=True)
class Figure:
    """One row: a thing measured, and what it is compared with. Both in microseconds."""

    what: str
    chinwag: float
    other: float
    against: str

    @property
    def ratio(self) -> float:
        return self.chinwag / self.other


async def figures() -> list[Figure]:
    return [await _rendering(4_000), await _rendering(40_000), await _writing()]


async def _measured(*variants: Callable[[], Awaitable[int]]) -> list[float]:
    """The median CPU microseconds per unit of each variant; a variant returns how many units it did."""
    figures: list[list[float]] = [[] for _ in variants]
    for _ in range(ROUNDS):
        for variant, times in zip(variants, figures, strict=True):
            began = time.process_time()
            units = await variant()
            times.append((time.process_time() - began) / units * 1e6)
    return [statistics.median(times) for times in figures]


async def _rendering(size: int) -> Figure:
    """Rendering a whole text for Telegram, against the Markdown parser that it is built on."""
    from bots.telegram.render import render
    from core.live import markdown

    texts = [prose.markdown(size, answer) for answer in range(1, ROUNDS * TEXTS + 1)]  # each is rendered once
    ours, parsed = iter(texts), iter(texts)

    async def render_some() -> int:
        for text in itertools.islice(ours, TEXTS):
            render(text)
        return TEXTS

    async def parse_some() -> int:
        for text in itertools.islice(parsed, TEXTS):
            markdown.parse(text)
        return TEXTS

    return Figure(
        f"rendering {size:,} characters for Telegram",
        *await _measured(render_some, parse_some),
        "its Markdown parse alone",
    )


async def _writing() -> Figure:
    """A durable write with 200 writers at once, against one commit for each."""
    import aiosqlite

    from core.store import Store
    from core.types import Address, Author, Incoming, Lane, SessionKey

    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite+aiosqlite:///{folder}/a.db")
        plain = await aiosqlite.connect(f"{folder}/b.db")
        await plain.execute("PRAGMA journal_mode=WAL")
        await plain.execute("PRAGMA synchronous=FULL")
        await plain.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)")
        lane = Lane(SessionKey("telegram", "1", "2"))
        ids = iter(range(10**9))

        async def accept() -> None:
            incoming = Incoming(str(next(ids)), Address("telegram", "1", "2"), Author("telegram", "2"), "hello")
            await store.inbox.accept(incoming, lane)

        async def grouped() -> int:
            await asyncio.gather(*(accept() for _ in range(200)))
            return 200

        async def single() -> int:
            for _ in range(200):
                await plain.execute("INSERT INTO t (text) VALUES (?)", ("hello",))
                await plain.commit()
            return 200

        figures = await _measured(grouped, single)
        await plain.close()
        await store.close()
    return Figure("a message committed durably, 200 at once", *figures, "one aiosqlite commit for each row")
