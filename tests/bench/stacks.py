"""What reads a model's stream in Python, from the bytes alone to LangChain with a history, for `tests.bench.reading`.

Each is a context manager that takes the endpoint's URL and gives a `Stack`. A reader must return the whole text.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

QUESTION = "Tell me a story."

Read = Callable[[str], Awaitable[list[str]]]  # a model's name -> the texts as they came


@dataclass
class Stack:
    """Something that reads streams. paced: how many at once, so that two cores keep up; bursts: likewise.

    seconds: how long a paced answer takes. counts: how many calls a platform has got so far, where there is one, and
    in how many pieces the model's text came.
    """

    what: str
    read: Read
    paced: int
    bursts: int = 2
    seconds: int = 2
    counts: Callable[[], tuple[int, int]] | None = None


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Stack]:
    """The least that reading a stream can cost in Python without leaving aiohttp."""
    import aiohttp
    import orjson

    async def read(model: str) -> list[str]:
        texts: list[str] = []
        rest = b""
        body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "stream": True}
        async with session.post(f"{url}/chat/completions", json=body) as answer:
            async for piece in answer.content.iter_any():
                *events, rest = (rest + piece).split(b"\n\n")
                chunks = [orjson.loads(event[6:]) for event in events if event != b"data: [DONE]"]
                texts.append("".join([chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks]))
        return texts

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Stack("raw aiohttp + orjson", read, paced=200, bursts=4)


@asynccontextmanager
async def chinwag(url: str) -> AsyncIterator[Stack]:
    from langchain_core.messages import HumanMessage

    from core.model.endpoint import Endpoint

    endpoints: dict[str, Endpoint] = {}

    async def read(model: str) -> list[str]:
        endpoint = endpoints.setdefault(model, Endpoint(model=model, base_url=url, keys=["k"]))
        texts: list[str] = []
        async for delta in endpoint.stream([HumanMessage(QUESTION)]):
            texts.append(delta.text)
        return texts

    try:
        yield Stack("Chinwag's endpoint", read, paced=200, bursts=4)
    finally:
        for endpoint in endpoints.values():
            await endpoint.close()


@asynccontextmanager
async def sdk(url: str) -> AsyncIterator[Stack]:
    import openai

    async def read(model: str) -> list[str]:
        texts: list[str] = []
        answer = await client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": QUESTION}], stream=True
        )
        async for chunk in answer:
            texts.append(chunk.choices[0].delta.content or "")
        return texts

    async with openai.AsyncOpenAI(base_url=url, api_key="k") as client:
        yield Stack("openai SDK", read, paced=40)


@asynccontextmanager
async def langchain(url: str) -> AsyncIterator[Stack]:
    from langchain_core.messages import HumanMessage
    from langchain_openai import ChatOpenAI

    async def read(model: str) -> list[str]:
        return await _collected(chat.bind(model=model).astream([HumanMessage(QUESTION)]))

    chat = ChatOpenAI(model="any", base_url=url, api_key="k")
    yield Stack("ChatOpenAI.astream", read, paced=30)


@asynccontextmanager
async def history(url: str) -> AsyncIterator[Stack]:
    from langchain_core.chat_history import InMemoryChatMessageHistory
    from langchain_core.messages import HumanMessage
    from langchain_core.runnables.history import RunnableWithMessageHistory
    from langchain_openai import ChatOpenAI

    async def read(model: str) -> list[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # both are deprecated, and what most bots are built on
            chain = RunnableWithMessageHistory(chat.bind(model=model), lambda session_id: InMemoryChatMessageHistory())
        stream = chain.astream([HumanMessage(QUESTION)], config={"configurable": {"session_id": "s"}})
        return await _collected(stream)

    chat = ChatOpenAI(model="any", base_url=url, api_key="k")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield Stack("ChatOpenAI + RunnableWithMessageHistory", read, paced=20)


async def _collected(stream: AsyncIterator[Any]) -> list[str]:
    texts: list[str] = []
    async for chunk in stream:
        texts.append(chunk.content)
    return texts
