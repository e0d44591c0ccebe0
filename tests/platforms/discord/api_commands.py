"""Registering application commands over REST, globally and per guild."""

from __future__ import annotations

from tests.platforms.discord import errors
from tests.platforms.discord.commands import Registry
from tests.platforms.discord.routes import (
    CREATE_COMMAND,
    CREATE_GUILD_COMMAND,
    DELETE_COMMAND,
    DELETE_GUILD_COMMAND,
    EDIT_COMMAND,
    EDIT_GUILD_COMMAND,
    GET_COMMAND,
    GET_GUILD_COMMAND,
    LIST_COMMANDS,
    LIST_GUILD_COMMANDS,
    SYNC,
    SYNC_GUILD,
    Answer,
    Request,
    handles,
)


def _registry(request: Request) -> Registry:
    if int(request.params["application"]) != request.server.bot.id:
        raise errors.ApiError(403, 20012, "You are not authorized to perform this action on this application")
    guild = int(request.params.get("guild", 0))
    if guild and guild not in request.server.guilds:
        raise errors.missing_access()
    return request.server.registry(guild)


@handles(LIST_COMMANDS, LIST_GUILD_COMMANDS)
async def listing(request: Request) -> Answer:
    return 200, list(_registry(request).commands.values())


@handles(SYNC, SYNC_GUILD)
async def sync(request: Request) -> Answer:
    return 200, _registry(request).replace(request.json)


@handles(CREATE_COMMAND, CREATE_GUILD_COMMAND)
async def create(request: Request) -> Answer:
    return _registry(request).create(request.json)


@handles(GET_COMMAND, GET_GUILD_COMMAND)
async def get(request: Request) -> Answer:
    return 200, _registry(request).get(int(request.params["command"]))


@handles(EDIT_COMMAND, EDIT_GUILD_COMMAND)
async def edit(request: Request) -> Answer:
    return 200, _registry(request).edit(int(request.params["command"]), request.json)


@handles(DELETE_COMMAND, DELETE_GUILD_COMMAND)
async def delete(request: Request) -> Answer:
    registry = _registry(request)
    registry.get(int(request.params["command"]))
    del registry.commands[int(request.params["command"])]
    return 204, None
