"""`make bench`: what a streamed token, an edit and a durable write cost, each beside a named alternative.

CPU time, medians of interleaved rounds: the machine that runs this is seldom quiet.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

ROUNDS = 5
BUILD = Path("build/bench")
ANSWER = "".join(
    f"## Part {n}\n\nSome **bold** words, `code`, a [link](https://example.org/{n}) and *more*.\n\n- one\n- two\n\n"
    f"```python\nprint({n})\n```\n\n"
    for n in range(30)
)[:4000]


@dataclass(frozen=True)
class Figure:
    """One row: a thing measured, and what it is compared with. Both in microseconds."""

    what: str
    chinwag: float
    other: float
    against: str


async def measured(*variants: Callable[[], Awaitable[int]]) -> list[float]:
    """The median CPU microseconds per unit of each variant; a variant returns how many units it did."""
    figures: list[list[float]] = [[] for _ in variants]
    for _ in range(ROUNDS):
        for variant, times in zip(variants, figures, strict=True):
            began = time.process_time()
            units = await variant()
            times.append((time.process_time() - began) / units * 1e6)
    return [statistics.median(times) for times in figures]


async def token() -> Figure:
    """A token from the model's socket to the delivery, against LangChain's ChatOpenAI alone."""
    from langchain_core.messages import HumanMessage

    from core.live.budget import Budgets
    from core.live.delivery import Delivery
    from core.model.endpoint import Endpoint
    from core.surface import Limits
    from tests.core.live.fakes import FakeJournal, FakeSurface
    from tests.platforms.model import ModelServer

    words = " ".join(["word"] * 500)
    async with ModelServer(reply=words) as server:
        endpoint = Endpoint(model="", base_url=server.url, keys=())
        await endpoint.start()
        limits = Limits(page=4096, budget="b", rates=(), interval=1.0)

        async def read() -> int:
            return len([delta async for delta in endpoint.stream([HumanMessage("go")])])

        async def whole() -> int:
            surface = FakeSurface(limits, round_trip=0.08)
            budgets = Budgets(lambda: asyncio.get_running_loop().time())
            delivery = Delivery(surface, budgets, FakeJournal(), reopen=lambda _: surface, nonce="n")
            showing = asyncio.create_task(delivery.run())
            count = 0
            async for delta in endpoint.stream([HumanMessage("go")]):
                delivery.feed(delta.text)
                count += 1
            delivery.finish()
            await showing
            return count

        chinwag, other = await measured(whole, read)
        await endpoint.close()
    return Figure("a token, from the socket to the screen", chinwag, other, "reading it with ChatOpenAI only")


async def edit() -> Figure:
    """Rendering 4,000 characters for Telegram, against the Markdown parser that it is built on."""
    from markdown_it import MarkdownIt

    from bots.telegram.render import render

    parser = MarkdownIt()

    async def ours() -> int:
        for _ in range(20):
            render(ANSWER)
        return 20

    async def parse() -> int:
        for _ in range(20):
            parser.parse(ANSWER)
        return 20

    return Figure(
        "rendering 4,000 characters for Telegram", *await measured(ours, parse), "markdown-it-py's parse alone"
    )


async def write() -> Figure:
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

        figures = await measured(grouped, single)
        await plain.close()
        await store.close()
    return Figure("a message committed durably, 200 at once", *figures, "one aiosqlite commit for each row")


async def main() -> None:
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    figures = [await token(), await edit(), await write()]
    print(f"{'CPU, microseconds (median of ' + str(ROUNDS) + ')':<44}{'Chinwag':>10}{'other':>10}{'ratio':>8}  against")
    for figure in figures:
        ratio = figure.chinwag / figure.other
        print(f"{figure.what:<44}{figure.chinwag:>10.1f}{figure.other:>10.1f}{ratio:>8.2f}  {figure.against}")
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "figures.json").write_text(json.dumps([asdict(figure) for figure in figures], indent=2), "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
