"""Which model an endpoint is asked for, and what its status says when there is none."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import (
    ModelBusy,
    ModelError,
    ModelForbidden,
    ModelUnknown,
    ModelUnreachable,
)
from core.model.endpoint import Endpoint
from tests.core.model.asking import KEY, endpoint, read, text_of
from tests.patience import PATIENCE
from tests.platforms.model import Fault, ModelServer


async def test_the_first_model_that_can_chat_is_used() -> None:
    async with ModelServer(models=["nomic-embed-text", "small", "large"]) as server, endpoint(server) as model:
        await read(model)
        assert server.requests[-1].body["model"] == "small"
        assert model.status().name == "small"
        assert model.status().ready


async def test_no_model_is_asked_for_when_one_is_named() -> None:
    async with ModelServer(models=["other", "mine"]) as server, endpoint(server, model="mine") as model:
        await read(model)
    assert server.asked_for_models == 0
    assert server.requests[-1].body["model"] == "mine"


@pytest.mark.parametrize(
    ("fault", "kind", "cure"),
    [
        (Fault(status=401), ModelForbidden, "OPENAI_API_KEY"),
        (Fault(status=404), ModelUnknown, "set OPENAI_MODEL"),
        (Fault(status=503), ModelBusy, "overloaded"),
        (Fault(status=200, body="<html></html>"), ModelUnreachable, "OPENAI_BASE_URL"),
        (Fault(status=200, body={"data": []}), ModelUnknown, "load one there"),
        (Fault(status=200, body={"models": 1}), ModelUnknown, "load one there"),
    ],
)
async def test_the_status_says_what_is_wrong_with_the_endpoint(fault: Fault, kind: type[ModelError], cure: str) -> None:
    async with ModelServer() as server:
        server.model_faults.extend([fault] * 3)
        model = Endpoint(base_url=server.url, keys=[KEY])
        with pytest.raises(kind):
            await read(model)
        status = model.status()
        assert not status.ready
        assert cure in status.note
        assert KEY not in status.note
        await model.close()


async def test_an_endpoint_that_comes_up_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.model.endpoint.FIRST_PAUSE", 0.02)
    server = ModelServer(reply="Hello")
    await server.start()
    await server.stop()
    async with endpoint(server) as model:
        with pytest.raises(ModelUnreachable):
            await read(model)
        assert "start it, or correct OPENAI_BASE_URL" in model.status().note
        await server.start(port=int(server.url.split(":")[2].split("/")[0]))
        async with asyncio.timeout(PATIENCE):
            while not model.status().ready:
                await asyncio.sleep(0.01)
        assert text_of(await read(model)) == "Hello"
        await server.stop()
