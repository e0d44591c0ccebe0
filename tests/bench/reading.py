"""What a streamed token costs to read: Chinwag's endpoint beside the bytes alone, the SDK and LangChain.

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
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench.reading_server import TOKEN

ROUNDS = 3
RATE = 50  # tokens a second of each stream
QUESTION = "Tell me a story."

Begun = Callable[[], None]
Read = Callable[
    [str, Begun], Awaitable[list[str]]
]  # a model's name, called at the first text -> the texts as they came


@dataclass(frozen=True)
class Mode:
    """name, tokens in a segment, tokens in an answer, seconds between two segments."""

    name: str
    size: int
    tokens: int
    pause: float

    @property
    def model(self) -> str:
        return f"{self.size}:{self.tokens}:{self.pause}"


PACED = Mode("paced", 1, 2 * RATE, 1 / RATE)
EIGHTS = Mode("eights", 8, 2 * RATE, 8 / RATE)
BURST = Mode("burst", 50, 2000, 0.0)


@dataclass(frozen=True)
class Measured:
    """Microseconds of CPU for a token, and for a request up to its first; tokens that were read at once."""

    token: float
    request: float
    at_once: float


@dataclass
class Stack:
    """Something that reads streams. paced: how many at once, so that two cores keep up; bursts: likewise."""

    what: str
    read: Read
    paced: int
    bursts: int = 2
    rounds: dict[str, list[Measured]] = field(default_factory=dict)

    def streams(self, mode: Mode) -> int:
        return self.bursts if mode is BURST else self.paced


async def figures() -> list[dict[str, Any]]:
    """One row for each stack and mode; `us_per_token` and `us_per_request` in microseconds of CPU."""
    os.environ["LANGSMITH_TRACING"] = "false"
    async with AsyncExitStack() as opened:
        url = await opened.enter_async_context(_load())
        stacks = [
            await opened.enter_async_context(make(f"{url}/v1")) for make in (raw, chinwag, sdk, langchain, history)
        ]
        for stack in stacks:
            await _measured(url, stack, Mode("warm", 1, 5, 0.001), 2)
        for _ in range(ROUNDS):
            for mode in (PACED, EIGHTS, BURST):
                for stack in stacks if mode is not EIGHTS else stacks[:2]:
                    measured = await _measured(url, stack, mode, stack.streams(mode))
                    stack.rounds.setdefault(mode.name, []).append(measured)
    return [
        _row(stack, mode, stacks[0]) for mode in (PACED, EIGHTS, BURST) for stack in stacks if mode.name in stack.rounds
    ]


def _row(stack: Stack, mode: Mode, base: Stack) -> dict[str, Any]:
    """ratio: to raw, the median of the rounds' own, since both are measured one after the other in each."""
    rounds = stack.rounds[mode.name]
    token = statistics.median(each.token for each in rounds)
    ratios = [ours.token / raws.token for ours, raws in zip(rounds, base.rounds[mode.name], strict=True)]
    return {
        "what": stack.what,
        "mode": mode.name,
        "streams": stack.streams(mode),
        "us_per_token": round(token, 1),
        "ratio": round(statistics.median(ratios), 2),
        "us_per_request": round(statistics.median(each.request for each in rounds)),
        "tokens_at_once": round(statistics.median(each.at_once for each in rounds), 2),
        "streams_per_core": round(1e6 / (token * RATE)),
        "rounds": [round(each.token, 1) for each in rounds],
    }


async def _measured(url: str, stack: Stack, mode: Mode, streams: int) -> Measured:
    begun = asyncio.Semaphore(0)
    gc.collect()
    start = _cpu()
    reading = [asyncio.create_task(stack.read(mode.model, begun.release)) for _ in range(streams)]
    for _ in reading:
        await begun.acquire()
    asked = _cpu()
    await _go(url)
    answers = await asyncio.gather(*reading)
    done = _cpu()
    if any("".join(texts) != TOKEN * (mode.tokens + 1) for texts in answers):
        raise AssertionError(f"{stack.what} lost something")
    tokens = streams * mode.tokens
    reads = sum(len([text for text in texts if text]) - 1 for texts in answers)
    return Measured((done - asked) / tokens * 1e6, (asked - start) / streams * 1e6, tokens / reads)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _go(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /go HTTP/1.1\r\n\r\n")
    await reader.readline()
    writer.close()
    await writer.wait_closed()


@asynccontextmanager
async def _load() -> AsyncIterator[str]:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.reading_server", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(await server.stdout.readline())}"
    finally:
        server.terminate()
        await server.wait()


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Stack]:
    """The least that reading a stream can cost in Python without leaving aiohttp."""
    import aiohttp
    import orjson

    async def read(model: str, begun: Begun) -> list[str]:
        texts: list[str] = []
        rest = b""
        body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "stream": True}
        async with session.post(f"{url}/chat/completions", json=body) as answer:
            async for piece in answer.content.iter_any():
                *events, rest = (rest + piece).split(b"\n\n")
                chunks = [orjson.loads(event[6:]) for event in events if event != b"data: [DONE]"]
                texts.append("".join([chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks]))
                if len(texts) == 1:
                    begun()
        return texts

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Stack("raw aiohttp + orjson", read, paced=200, bursts=4)


@asynccontextmanager
async def chinwag(url: str) -> AsyncIterator[Stack]:
    from langchain_core.messages import HumanMessage

    from core.model.endpoint import Endpoint

    endpoints: dict[str, Endpoint] = {}

    async def read(model: str, begun: Begun) -> list[str]:
        endpoint = endpoints.setdefault(model, Endpoint(model=model, base_url=url, keys=["k"]))
        texts: list[str] = []
        async for delta in endpoint.stream([HumanMessage(QUESTION)]):
            texts.append(delta.text)
            if len(texts) == 1:
                begun()
        return texts

    try:
        yield Stack("Chinwag's endpoint", read, paced=200, bursts=4)
    finally:
        for endpoint in endpoints.values():
            await endpoint.close()


@asynccontextmanager
async def sdk(url: str) -> AsyncIterator[Stack]:
    import openai

    async def read(model: str, begun: Begun) -> list[str]:
        texts: list[str] = []
        answer = await client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": QUESTION}], stream=True
        )
        async for chunk in answer:
            texts.append(chunk.choices[0].delta.content or "")
            if len(texts) == 1:
                begun()
        return texts

    async with openai.AsyncOpenAI(base_url=url, api_key="k") as client:
        yield Stack("openai SDK", read, paced=40)


@asynccontextmanager
async def langchain(url: str) -> AsyncIterator[Stack]:
    from langchain_core.messages import HumanMessage
    from langchain_openai import ChatOpenAI

    async def read(model: str, begun: Begun) -> list[str]:
        return await _collected(chat.bind(model=model).astream([HumanMessage(QUESTION)]), begun)

    chat = ChatOpenAI(model="any", base_url=url, api_key="k")
    yield Stack("ChatOpenAI.astream", read, paced=30)


@asynccontextmanager
async def history(url: str) -> AsyncIterator[Stack]:
    from langchain_core.chat_history import InMemoryChatMessageHistory
    from langchain_core.messages import HumanMessage
    from langchain_core.runnables.history import RunnableWithMessageHistory
    from langchain_openai import ChatOpenAI

    async def read(model: str, begun: Begun) -> list[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # both are deprecated, and what most bots are built on
            chain = RunnableWithMessageHistory(chat.bind(model=model), lambda session_id: InMemoryChatMessageHistory())
        stream = chain.astream([HumanMessage(QUESTION)], config={"configurable": {"session_id": "s"}})
        return await _collected(stream, begun)

    chat = ChatOpenAI(model="any", base_url=url, api_key="k")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield Stack("ChatOpenAI + RunnableWithMessageHistory", read, paced=20)


async def _collected(stream: AsyncIterator[Any], begun: Begun) -> list[str]:
    texts: list[str] = []
    async for chunk in stream:
        texts.append(chunk.content)
        if len(texts) == 1:
            begun()
    return texts


async def main() -> None:
    began = time.monotonic()
    rows = await figures()
    columns = f"{'mode':>8}{'streams':>9}{'token':>8}{'x raw':>7}{'request':>9}{'at once':>9}{'per core':>10}  rounds"
    print(f"{'CPU, microseconds':<42}{columns}")
    for row in rows:
        print(
            f"{row['what']:<42}{row['mode']:>8}{row['streams']:>9}{row['us_per_token']:>8}{row['ratio']:>7}"
            f"{row['us_per_request']:>9}{row['tokens_at_once']:>9}{row['streams_per_core']:>10}  {row['rounds']}"
        )
    print(f"in {time.monotonic() - began:.0f} s, {ROUNDS} rounds")


if __name__ == "__main__":
    asyncio.run(main())
