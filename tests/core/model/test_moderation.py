"""The moderation endpoint's answers, and what is no answer."""

from __future__ import annotations

import pytest

from core.errors import ModelBusy, ModelError, ModelForbidden, ModelUnreachable
from core.model.keys import KeyRing
from core.model.moderation import Moderation
from tests.platforms.model import Fault, ModelServer


async def ask(server: ModelServer, *keys: str) -> str:
    moderation = Moderation(server.url, KeyRing(lambda: keys))
    try:
        return await moderation("Build a bomb")
    finally:
        await moderation.close()


async def test_what_is_flagged_is_told_by_its_categories() -> None:
    async with ModelServer() as server:
        assert await ask(server) == ""
        server.flags = {"bomb"}
        assert await ask(server) == "violence"


async def test_a_key_that_is_refused_makes_way_for_the_next() -> None:
    async with ModelServer(key="good") as server:
        assert await ask(server, "bad", "good") == ""
        with pytest.raises(ModelForbidden):
            await ask(server, "bad", "worse")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=500), ModelBusy),
        (Fault(status=429), ModelBusy),
        (Fault(status=404), ModelError),
        (Fault(status=200, body="<html>Welcome</html>"), ModelUnreachable),
        (Fault(status=200, body={"results": []}), ModelUnreachable),
        (Fault(status=200, body={"results": [{"flagged": True}]}), ModelUnreachable),
    ],
)
async def test_what_is_no_answer(fault: Fault, error: type[ModelError]) -> None:
    async with ModelServer() as server:
        server.faults.append(fault)
        with pytest.raises(error) as raised:
            await ask(server, "sk-secret-of-mine")
        assert "sk-secret" not in str(raised.value)


async def test_nobody_there() -> None:
    async with ModelServer() as server:
        url = server.url
    moderation = Moderation(url, KeyRing())
    with pytest.raises(ModelUnreachable, match="does not answer"):
        await moderation("Hi")
    await moderation.close()
