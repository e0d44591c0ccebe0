"""What Discord takes when commands are registered: names, lengths, counts, and 200 new ones a day."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.clock import Clock
from tests.platforms.discord import DiscordServer
from tests.platforms.discord.commands import Registry
from tests.platforms.discord.errors import ApiError

STRING = 3


def command(name: str = "role", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "Choose a role", **more}


def option(name: str = "name", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "Its name", "type": STRING, **more}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(clock: Clock) -> Registry:
    ids = iter(range(1, 10_000))
    return Registry(1, 0, clock, lambda: next(ids))


CHOICE = {"name": "Poet", "value": "poet"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (command("Role"), "name"),  # upper case
        (command("two words"), "name"),
        (command("x" * 33), "name"),
        (command(""), "name"),
        (command(description=""), "description"),
        (command(description="x" * 101), "description"),
        (command(options=[option(str(n)) for n in range(26)]), "options"),
        (command(options=[option(), option()]), "options"),
        (command(options=[option(choices=[CHOICE] * 26)]), "options"),
        (command(options=[option(choices=[CHOICE], autocomplete=True)]), "options"),
        (command(options=[option(choices=[{"name": "x" * 101, "value": "x"}])]), "options"),
        (command(options=[option(choices=[{"name": "x", "value": 1}])]), "options"),
        (command(options=[option("a"), option("b", required=True)]), "options"),
        (command(options=[option(type=5, autocomplete=True)]), "options"),
        (command(options=[option(type=99)]), "options"),
    ],
)
def test_a_malformed_command_is_refused(registry: Registry, body: dict[str, Any], field: str) -> None:
    with pytest.raises(ApiError) as refused:
        registry.create(body)
    assert (refused.value.status, refused.value.code) == (400, 50035)
    assert list(refused.value.errors or {}) == [field]


@pytest.mark.parametrize("name", ["role", "rolle-2", "роль", "役割", "बोली", "it's"])
def test_names_in_any_script(registry: Registry, name: str) -> None:
    assert registry.create(command(name))[0] == 201


def test_8000_characters_in_all(registry: Registry) -> None:
    choices = [{"name": f"{n:02}" + "x" * 98, "value": f"{n:02}" + "x" * 98} for n in range(25)]
    registry.create(command(options=[option("a", choices=choices)]))
    with pytest.raises(ApiError):
        registry.create(command(options=[option("a", choices=choices), option("b", choices=choices)]))


def test_a_list_is_taken_whole_or_not_at_all(registry: Registry) -> None:
    registry.replace([command("a"), command("b")])
    with pytest.raises(ApiError):
        registry.replace([command("c"), command("BAD")])
    with pytest.raises(ApiError):
        registry.replace([command("c"), command("c")])
    with pytest.raises(ApiError) as refused:
        registry.replace([command(f"c{n}") for n in range(101)])
    assert refused.value.code == 30032
    assert [c["name"] for c in registry.commands.values()] == ["a", "b"]


def test_a_command_that_stays_keeps_its_id_and_is_no_new_one(registry: Registry) -> None:
    first = registry.replace([command("a")])[0]
    second = registry.replace([command("a", options=[option()]), command("b")])[0]
    assert (second["id"], len(registry.creates)) == (first["id"], 2)
    assert second["version"] != first["version"]
    assert registry.create(command("b"))[0] == 200


def test_200_new_commands_a_day(registry: Registry, clock: Clock) -> None:
    registry.replace([command(f"a{n}") for n in range(100)])
    registry.replace([command(f"b{n}") for n in range(100)])
    with pytest.raises(ApiError) as refused:
        registry.replace([command("one-more")])
    assert (refused.value.status, refused.value.code) == (400, 30034)
    clock.advance(86_401)
    assert registry.replace([command("one-more")])[0]["name"] == "one-more"


async def test_commands_over_http(server: DiscordServer) -> None:
    url = f"{server.api_url}/applications/{server.bot.id}/commands"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:
        async with session.post(url, json=command()) as answer:
            assert answer.status == 201
            made = await answer.json()
        async with session.patch(f"{url}/{made['id']}", json={"description": "Another"}) as answer:
            assert (await answer.json())["description"] == "Another"
        async with session.get(url) as answer:
            assert [c["name"] for c in await answer.json()] == ["role"]
        async with session.delete(f"{url}/{made['id']}") as answer:
            assert (answer.status, "Content-Type" in answer.headers) == (204, False)
        async with session.get(f"{url}/{made['id']}") as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, 10063)
