"""What a streamed token costs: Chinwag beside the bytes alone, the SDK and LangChain.

    python -m tests.bench.reading

CPU time of this process only (the load comes from another), medians of interleaved rounds. `paced`: one token per
network segment, 50 a second on each stream. `eights`: eight tokens in a segment. `burst`: as fast as it is read.
Every reader must have seen the whole text.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.bench import prose
from tests.bench.report import aligned
from tests.bench.stacks import Stack, chinwag, history, langchain, raw, sdk
from tests.bench.whole import whole

ROUNDS = 3
Make = Callable[[str], AbstractAsyncContextManager[Stack]]

RATE = 50  # tokens a second of each stream
MODES = ("paced", "eights", "burst")
STACKS = (raw, chinwag, partial(whole, name="telegram"), partial(whole, name="discord"), sdk, langchain, history)
IN_EIGHTS = 2  # the first stacks, which read tokens together that came together


@dataclass(frozen=True)
class Load:
    """What the server is asked for: tokens in a segment, tokens in an answer, seconds between two segments."""

    size: int
    tokens: int
    pause: float

    @property
    def model(self) -> str:
        return f"{self.size}:{self.tokens}:{self.pause}"

    @classmethod
    def of(cls, mode: str, stack: Stack) -> Load:
        if mode == "burst":
            return cls(50, 2000, 0.0)
        size = 8 if mode == "eights" else 1
        return cls(size, stack.seconds * RATE, size / RATE)


@dataclass(frozen=True)
class Measured:
    """Microseconds of CPU for a token, and for a request up to its first; tokens read at once; seconds; calls."""

    token: float
    request: float
    at_once: float
    seconds: float
    calls: int


async def figures() -> list[dict[str, Any]]:
    """One row for each stack and mode; `us_per_token` and `us_per_request` in microseconds of CPU."""
    os.environ["LANGSMITH_TRACING"] = "false"
    async with AsyncExitStack() as opened:
        url = await opened.enter_async_context(load())
        stacks = [await opened.enter_async_context(make(f"{url}/v1")) for make in STACKS]
        found: dict[tuple[str, str], list[Measured]] = {}
        for stack in stacks:
            await measured(url, stack, Load(1, 5, 0.001), 2)
        for _ in range(ROUNDS):
            for mode in MODES:
                for stack in stacks[:IN_EIGHTS] if mode == "eights" else stacks:
                    one = await measured(url, stack, Load.of(mode, stack), _streams(mode, stack))
                    found.setdefault((mode, stack.what), []).append(one)
    return [
        _row(stack, mode, rounds, found[mode, stacks[0].what])
        for mode in MODES
        for stack in stacks
        if (rounds := found.get((mode, stack.what)))
    ]


def _streams(mode: str, stack: Stack) -> int:
    return stack.bursts if mode == "burst" else stack.paced


def _row(stack: Stack, mode: str, rounds: Sequence[Measured], base: Sequence[Measured]) -> dict[str, Any]:
    """ratio: to raw, the median of the rounds' own, since both are measured one after the other in each."""
    token = statistics.median(each.token for each in rounds)
    return {
        "what": stack.what,
        "mode": mode,
        "streams": _streams(mode, stack),
        "tokens": Load.of(mode, stack).tokens,
        "us_per_token": round(token, 1),
        "ratio": round(statistics.median(ours.token / raws.token for ours, raws in zip(rounds, base, strict=True)), 2),
        "us_per_request": round(statistics.median(each.request for each in rounds)),
        "tokens_at_once": round(statistics.median(each.at_once for each in rounds), 2),
        "streams_per_core": round(1e6 / (token * RATE)),
        "seconds": round(statistics.median(each.seconds for each in rounds), 2),
        "calls": round(statistics.median(each.calls for each in rounds)),
        "rounds": [round(each.token, 1) for each in rounds],
    }


async def measured(url: str, stack: Stack, load: Load, streams: int) -> Measured:
    """So many answers at once. Raises AssertionError when a text is not the whole one."""
    gc.collect()
    start = _cpu()
    reading = [asyncio.create_task(stack.read(load.model)) for _ in range(streams)]
    await _until(_get(f"{url}/waiting/{streams}"), reading)
    await asyncio.sleep(0.2)  # until the first token of the last one is read, too
    calls, counted = stack.counts() if stack.counts else (0, 0)
    asked, began = _cpu(), time.monotonic()
    await _get(f"{url}/go")
    answers = await asyncio.gather(*reading)
    done, seconds = _cpu(), time.monotonic() - began
    if not all(prose.is_whole("".join(texts), load.tokens + 1) for texts in answers):
        raise AssertionError(f"{stack.what} lost something")
    tokens = streams * load.tokens
    calls_then, pieces = stack.counts() if stack.counts else (0, sum(map(len, answers)) - streams)
    return Measured(
        (done - asked) / tokens * 1e6,
        (asked - start) / streams * 1e6,
        tokens / (pieces - counted),
        seconds,
        calls_then - calls,
    )


async def _until(wanted: Coroutine[Any, Any, None], reading: Sequence[asyncio.Task[Any]]) -> None:
    """Raises what ended one of the readers before."""
    waiting = asyncio.create_task(wanted)
    done, _ = await asyncio.wait([waiting, *reading], return_when=asyncio.FIRST_COMPLETED)
    if waiting not in done:
        waiting.cancel()
        raise AssertionError(f"an answer ended before it began: {[task.result() for task in done]}")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _get(url: str) -> None:
    host, _, rest = url.removeprefix("http://").partition(":")
    port, _, path = rest.partition("/")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /{path} HTTP/1.1\r\n\r\n".encode())
    await reader.readline()
    writer.close()
    await writer.wait_closed()


@asynccontextmanager
async def load() -> AsyncIterator[str]:
    """The server that says it all, in a process of its own."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.reading_server", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(await server.stdout.readline())}"
    finally:
        server.terminate()
        await server.wait()


HEAD = (
    "CPU, microseconds",
    "mode",
    "streams",
    "tokens",
    "a token",
    "x raw",
    "a request",
    "at once",
    "per core",
    "took",
)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """at once: tokens in one read: more than were sent together when the machine was busy. per core: streams."""
    names = ("mode", "streams", "tokens", "us_per_token", "ratio", "us_per_request", "tokens_at_once")
    return aligned(
        HEAD, [[row["what"], *(row[name] for name in (*names, "streams_per_core", "seconds"))] for row in rows]
    )


async def main() -> None:
    began = time.monotonic()
    print(table(await figures()))
    print(f"in {time.monotonic() - began:.0f} s, {ROUNDS} rounds")


if __name__ == "__main__":
    asyncio.run(main())
