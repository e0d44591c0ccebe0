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
from typing import Any

import structlog

from tests.bench import freshness, living, reading

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


async def edit(size: int) -> Figure:
    """Rendering one edit for Telegram, against the Markdown parser that it is built on."""
    from bots.telegram.render import render
    from core.live import markdown

    text = (ANSWER * (size // len(ANSWER) + 1))[:size]

    async def ours() -> int:
        for _ in range(10):
            render(text)
        return 10

    async def parse() -> int:
        for _ in range(10):
            markdown.parse(text)
        return 10

    return Figure(
        f"rendering {size:,} characters for Telegram", *await measured(ours, parse), "its Markdown parse alone"
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
    report: dict[str, Any] = {"reading": await reading.figures()}
    print("CPU of reading a model's stream\n")
    print(f"{'':<44}{'mode':<9}{'streams':>8}{'us/token':>10}{'ratio':>8}{'streams/core':>14}")
    for row in report["reading"]:
        figures = f"{row['us_per_token']:>10.1f}{row['ratio']:>8.2f}{row['streams_per_core']:>14}"
        print(f"{row['what']:<44}{row['mode']:<9}{row['streams']:>8}{figures}")
    costs = [await edit(4_000), await edit(40_000), await write()]
    print(
        f"\n{'CPU, microseconds (median of ' + str(ROUNDS) + ')':<48}{'Chinwag':>10}{'other':>10}{'ratio':>8}  against"
    )
    for figure in costs:
        ratio = figure.chinwag / figure.other
        print(f"{figure.what:<48}{figure.chinwag:>10.1f}{figure.other:>10.1f}{ratio:>8.2f}  {figure.against}")
    report["costs"] = [asdict(figure) for figure in costs]
    report["living"] = await living.figures()
    print("\nStarting and living")
    for row in report["living"]:
        print(
            "  "
            + ", ".join(f"{value:.1f} {name}" if isinstance(value, float) else value for name, value in row.items())
        )
    shown = await asyncio.to_thread(freshness.rows)
    print("\nFreshness: answers of 2 to 90 s, round trips of 80 and 300 ms, every limit enforced\n")
    print(freshness.table(shown))
    report["freshness"] = [asdict(row) for row in shown]
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "figures.json").write_text(json.dumps(report, indent=2), "utf-8")
    print(f"\nThe same as JSON: {BUILD / 'figures.json'}")


if __name__ == "__main__":
    asyncio.run(main())
