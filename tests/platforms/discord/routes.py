"""The REST routes that the loopback Discord serves, as constants: faults and the record name them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.platforms.discord.message import File, Message
    from tests.platforms.discord.record import Call
    from tests.platforms.discord.server import DiscordServer

PATTERNS = {"token": r"[^/]+", "target": r"@original|\d+"}


@dataclass(frozen=True)
class Route:
    """method and path template. bucket: its rate limit in `Limits`, per value of the parameter `major`."""

    method: str
    path: str
    bucket: str = "other"
    major: str = ""
    auth: bool = True

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"{(\w+)}", lambda m: f"(?P<{m[1]}>{PATTERNS.get(m[1], r'[0-9]+')})", self.path))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Request:
    """One call, read: what a handler gets. `touch` names the message whose text the record shows."""

    server: DiscordServer
    call: Call
    params: Mapping[str, str]
    query: Mapping[str, str]
    json: Any
    files: list[File] = field(default_factory=list)

    def touch(self, message: Message) -> Message:
        self.call.message, self.call.text = message, message.content
        return message


Answer = tuple[int, Any]
Handler = Callable[[Request], Awaitable[Answer]]
HANDLERS: dict[Route, Handler] = {}


def handles(*routes: Route) -> Callable[[Handler], Handler]:
    """Register a handler; importing its module is enough."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(routes, handler))
        return handler

    return register


CALLBACK_PATH = "/interactions/{interaction}/{token}/callback"
WEBHOOK_PATH = "/webhooks/{application}/{token}"

GET_ME = Route("GET", "/users/@me")
GET_APPLICATION = Route("GET", "/oauth2/applications/@me")
GET_GATEWAY = Route("GET", "/gateway/bot")
GET_USER = Route("GET", "/users/{user}")
OPEN_DM = Route("POST", "/users/@me/channels")
GET_CHANNEL = Route("GET", "/channels/{channel}", major="channel")
GET_GUILD = Route("GET", "/guilds/{guild}", major="guild")
GET_GUILD_CHANNELS = Route("GET", "/guilds/{guild}/channels", major="guild")
GET_MEMBER = Route("GET", "/guilds/{guild}/members/{user}", major="guild")
TYPING = Route("POST", "/channels/{channel}/typing", "typing", "channel")
POST_MESSAGE = Route("POST", "/channels/{channel}/messages", "post", "channel")
GET_MESSAGES = Route("GET", "/channels/{channel}/messages", major="channel")
GET_MESSAGE = Route("GET", "/channels/{channel}/messages/{message}", major="channel")
EDIT_MESSAGE = Route("PATCH", "/channels/{channel}/messages/{message}", "edit", "channel")
DELETE_MESSAGE = Route("DELETE", "/channels/{channel}/messages/{message}", "delete", "channel")
THREAD_FROM_MESSAGE = Route("POST", "/channels/{channel}/messages/{message}/threads", major="channel")
START_THREAD = Route("POST", "/channels/{channel}/threads", major="channel")

GLOBAL_COMMANDS = "/applications/{application}/commands"
GUILD_COMMANDS = "/applications/{application}/guilds/{guild}/commands"
SYNC = Route("PUT", GLOBAL_COMMANDS)
SYNC_GUILD = Route("PUT", GUILD_COMMANDS)
LIST_COMMANDS = Route("GET", GLOBAL_COMMANDS)
LIST_GUILD_COMMANDS = Route("GET", GUILD_COMMANDS)
CREATE_COMMAND = Route("POST", GLOBAL_COMMANDS)
CREATE_GUILD_COMMAND = Route("POST", GUILD_COMMANDS)
GET_COMMAND = Route("GET", GLOBAL_COMMANDS + "/{command}")
GET_GUILD_COMMAND = Route("GET", GUILD_COMMANDS + "/{command}")
EDIT_COMMAND = Route("PATCH", GLOBAL_COMMANDS + "/{command}")
EDIT_GUILD_COMMAND = Route("PATCH", GUILD_COMMANDS + "/{command}")
DELETE_COMMAND = Route("DELETE", GLOBAL_COMMANDS + "/{command}")
DELETE_GUILD_COMMAND = Route("DELETE", GUILD_COMMANDS + "/{command}")

CALLBACK = Route("POST", CALLBACK_PATH, "", "token", auth=False)
FOLLOW_UP = Route("POST", WEBHOOK_PATH, "interaction", "token", auth=False)
GET_RESPONSE = Route("GET", WEBHOOK_PATH + "/messages/{target}", "interaction", "token", auth=False)
EDIT_RESPONSE = Route("PATCH", WEBHOOK_PATH + "/messages/{target}", "interaction", "token", auth=False)
DELETE_RESPONSE = Route("DELETE", WEBHOOK_PATH + "/messages/{target}", "interaction", "token", auth=False)


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | set[str]:
    """The route of a call and its parameters, or the methods that this path does have."""
    methods = set()
    for route in HANDLERS:
        if match := route.pattern.fullmatch(path):
            if route.method == method:
                return route, match.groupdict()
            methods.add(route.method)
    return methods
