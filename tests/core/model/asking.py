"""Asking an endpoint in tests: the whole answer, or how it failed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from core.errors import (
    ModelError,
)
from core.model.endpoint import Endpoint
from core.types import Delta
from tests.platforms.model import Fault, ModelServer

HI: list[BaseMessage] = [HumanMessage("Hi")]
KEY = "sk-test-0123456789abcdef"


@asynccontextmanager
async def endpoint(server: ModelServer, **options: Any) -> AsyncIterator[Endpoint]:
    model = Endpoint(base_url=server.url, **options)
    await model.start()
    try:
        yield model
    finally:
        await model.close()


async def read(model: Endpoint, messages: list[BaseMessage] = HI) -> list[Delta]:
    return [delta async for delta in model.stream(messages)]


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


async def failure(server: ModelServer, fault: Fault, **options: Any) -> tuple[ModelError, str]:
    """The error that a fault becomes, and the text that came before it. A 400 is asked about twice."""
    server.faults.extend([fault, fault])
    pieces: list[str] = []

    async def collect(model: Endpoint) -> None:
        async for delta in model.stream(HI):
            pieces.append(delta.text)

    async with endpoint(server, **options) as model:
        with pytest.raises(ModelError) as caught:
            await collect(model)
    return caught.value, "".join(pieces)
