"""Who the bot is and where: users, the application, guilds, channels and DMs over REST."""

from __future__ import annotations

from typing import Any

from tests.platforms.discord import errors
from tests.platforms.discord.api_messages import open_channel
from tests.platforms.discord.people import Guild, User
from tests.platforms.discord.routes import (
    GET_APPLICATION,
    GET_CHANNEL,
    GET_GATEWAY,
    GET_GUILD,
    GET_GUILD_CHANNELS,
    GET_ME,
    GET_MEMBER,
    GET_USER,
    OPEN_DM,
    Answer,
    Request,
    handles,
)


@handles(GET_ME)
async def me(request: Request) -> Answer:
    return 200, request.server.bot.as_json() | {"verified": True, "mfa_enabled": False, "locale": "en-US", "flags": 0}


@handles(GET_APPLICATION)
async def application(request: Request) -> Answer:
    server = request.server
    owner = server.owner.as_json()
    body: dict[str, Any] = {"id": str(server.bot.id), "name": server.bot.name, "description": "", "icon": None}
    body |= {"bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64, "flags": server.flags}
    return 200, body | {"owner": owner, "bot": server.bot.as_json(), "team": None, "interactions_endpoint_url": None}


@handles(GET_GATEWAY)
async def gateway(request: Request) -> Answer:
    left = max(0, 1000 - request.server.gateway.identifies)
    limit = {"total": 1000, "remaining": left, "reset_after": 86_400_000, "max_concurrency": 1}
    return 200, {"url": request.server.gateway_url, "shards": 1, "session_start_limit": limit}


@handles(GET_USER)
async def user(request: Request) -> Answer:
    return 200, _user(request, request.params["user"]).as_json()


def _user(request: Request, id: str | int) -> User:
    found = request.server.users.get(int(id))
    if found is None:
        raise errors.unknown("User")
    return found


@handles(OPEN_DM)
async def open_dm(request: Request) -> Answer:
    if not str(request.json.get("recipient_id", "")).isdigit():
        raise errors.required("recipient_id")
    user = _user(request, request.json["recipient_id"])
    if user is request.server.bot:
        raise errors.cannot_message_user()
    return 200, request.server.dm(user).as_json()


@handles(GET_CHANNEL)
async def channel(request: Request) -> Answer:
    return 200, open_channel(request).as_json()


def _guild(request: Request) -> Guild:
    found = request.server.guilds.get(int(request.params["guild"]))
    if found is None:
        raise errors.unknown("Guild")
    return found


@handles(GET_GUILD)
async def guild(request: Request) -> Answer:
    found = _guild(request)
    counts = {"approximate_member_count": len(found.everybody), "approximate_presence_count": len(found.everybody)}
    return 200, found.as_json() | (counts if request.query.get("with_counts") in {"true", "1"} else {})


@handles(GET_GUILD_CHANNELS)
async def guild_channels(request: Request) -> Answer:
    return 200, [channel.as_json() for channel in _guild(request).channels if not channel.is_thread]


@handles(GET_MEMBER)
async def member(request: Request) -> Answer:
    found = _guild(request)
    user = _user(request, request.params["user"])
    if user not in found.everybody:
        raise errors.unknown("Member")
    return 200, found.member_json(user)
