"""Interactions: a user runs a command, types into an option, presses a button, sends a form; the bot answers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tests.patience import PATIENCE
from tests.platforms.discord.errors import CannotDo
from tests.platforms.discord.message import Message, walk
from tests.platforms.discord.options import fill_options, focus_option
from tests.platforms.discord.people import ADMINISTRATOR, User

if TYPE_CHECKING:
    from tests.platforms.discord.places import Channel
    from tests.platforms.discord.server import DiscordServer

T = TypeVar("T")
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
ACK_SECONDS, TOKEN_SECONDS = 3.0, 900.0  # Discord docs, Receiving and Responding to Interactions


@dataclass(eq=False)
class Interaction:
    """One interaction and the bot's answers to it.

    acked: the callback's type (4 message, 5 deferred, 6 deferred update, 7 update, 8 choices, 9 form), 0 before.
    response: the original response (for 6 and 7 the message with the button). follow_ups: the ones after it.
    choices: what autocomplete offered. form: the modal that was opened. message: whose button was pressed.
    """

    server: DiscordServer
    id: int
    token: str
    type: int
    user: User
    channel: Channel
    data: dict[str, Any]
    created: float
    message: Message | None = None
    acked: int = 0
    acked_at: float = 0.0
    response: Message | None = None
    follow_ups: list[Message] = field(default_factory=list)
    choices: list[dict[str, Any]] | None = None
    form: dict[str, Any] | None = None

    @property
    def failed(self) -> bool:
        """The client shows "The application did not respond"."""
        return not self.acked and self.server.clock() - self.created > ACK_SECONDS

    @property
    def expired(self) -> bool:
        return self.server.clock() - self.created > TOKEN_SECONDS

    @property
    def text(self) -> str:
        """What the original response shows, "" when there is none."""
        return self.response.content if self.response and self.response.deleted is None else ""

    @property
    def owners(self) -> dict[str, str]:
        return {"0": str(self.channel.guild.id if self.channel.guild else 0)}

    async def until(self, predicate: Callable[[Interaction], T], timeout: float = PATIENCE) -> T:
        """The first true value of `predicate(interaction)`; AssertionError with the transcript."""
        return await self.server.changes.until(lambda: predicate(self), timeout, self.channel.transcript)

    async def answered(self, timeout: float = PATIENCE) -> Message:
        """The original response, once it is there and no longer loading."""

        def ready(interaction: Interaction) -> Message | None:
            response = interaction.response
            return response if response is not None and not response.loading else None

        message = await self.until(ready, timeout)
        assert message is not None
        return message

    async def submit(self, **values: str) -> Interaction:
        """Fill in and send the form that the bot opened, by the custom_id of each field."""
        return self.server.interactions.submit(self, values)

    async def deliver_again(self) -> None:
        """Send the same INTERACTION_CREATE to the bot once more."""
        self.server.interactions.tell(self)

    def as_json(self) -> dict[str, Any]:
        bot = self.server.bot
        body: dict[str, Any] = {
            "id": str(self.id),
            "application_id": str(bot.id),
            "type": self.type,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(self.channel.id),
            "channel": self.channel.as_json() | {"permissions": str(self.channel.permissions(self.user))},
            "app_permissions": str(self.channel.permissions(bot)),
            "attachment_size_limit": 10 << 20,
            "entitlements": [],
            "authorizing_integration_owners": self.owners,
            "context": 0 if self.channel.guild else 1,
            "locale": self.user.locale,
        }
        if self.message is not None:
            body["message"] = self.message.as_json()
        return body | self._who_json()

    def _who_json(self) -> dict[str, Any]:
        guild = self.channel.guild
        if guild is None:
            return {"user": self.user.as_json()}
        member = guild.member_json(self.user) | {"permissions": str(self.channel.permissions(self.user))}
        short = {"id": str(guild.id), "locale": "en-US", "features": []}
        return {"guild_id": str(guild.id), "guild_locale": "en-US", "guild": short, "member": member}


class Interactions:
    """Starts interactions for users and finds them again by their token."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.by_token: dict[str, Interaction] = {}

    def slash(self, channel: Channel, user: User, command: str, options: dict[str, Any]) -> Interaction:
        return self._start(COMMAND, channel, user, self._command_data(channel, user, command, options, focused=""))

    async def autocomplete(
        self, channel: Channel, user: User, command: str, options: dict[str, Any], timeout: float
    ) -> list[dict[str, Any]]:
        focused = list(options)[-1] if options else ""
        data = self._command_data(channel, user, command, options, focused=focused)
        interaction = self._start(AUTOCOMPLETE, channel, user, data)
        await interaction.until(lambda i: i.choices is not None, timeout)
        return interaction.choices or []

    def press(self, message: Message, user: User, button: str, *, forged: bool = False) -> Interaction:
        self._check_seen(message, user)
        if forged:
            data = {"custom_id": button, "component_type": 2, "id": 1}
            return self._start(COMPONENT, message.channel, user, data, message)
        found = [part for part in message.buttons if button in (part.get("label"), part.get("custom_id"))]
        if not found or found[0].get("disabled") or "custom_id" not in found[0]:
            raise CannotDo(f"message {message.id} has no button {button!r} to press")
        data = {"custom_id": found[0]["custom_id"], "component_type": 2, "id": found[0]["id"]}
        return self._start(COMPONENT, message.channel, user, data, message)

    def _check_seen(self, message: Message, user: User) -> None:
        asker = message.interaction.user if message.interaction else None
        if message.deleted is not None or (message.ephemeral and asker is not user):
            raise CannotDo(f"{user.name} does not see message {message.id}")

    def submit(self, interaction: Interaction, values: dict[str, str]) -> Interaction:
        if interaction.form is None:
            raise CannotDo("no form is open")
        fields = {part["custom_id"] for part in walk(interaction.form["components"]) if "custom_id" in part}
        if set(values) - fields:
            raise CannotDo(f"the form has the fields {sorted(fields)}, not {sorted(values)}")
        rows = [self._filled(part, values) for part in interaction.form["components"]]
        data = {"custom_id": interaction.form["custom_id"], "components": rows}
        return self._start(MODAL, interaction.channel, interaction.user, data, interaction.message)

    def _filled(self, part: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
        if "custom_id" in part:
            return {"type": part["type"], "id": part.get("id", 1), "custom_id": part["custom_id"]} | {
                "value": values.get(part["custom_id"], part.get("value") or "")
            }
        filled: dict[str, Any] = {"type": part["type"], "id": part.get("id", 1)}
        if "component" in part:
            filled["component"] = self._filled(part["component"], values)
        if "components" in part:
            filled["components"] = [self._filled(inner, values) for inner in part["components"]]
        return filled

    def _start(
        self, type: int, channel: Channel, user: User, data: dict[str, Any], message: Message | None = None
    ) -> Interaction:
        """Give the interaction its token and tell the bot. Tokens are secrets and never repeat."""
        if user not in (channel.guild.members if channel.guild else channel.people):
            raise CannotDo(f"{user.name} is not in {channel.name}")
        new_id, token = self.server.times.snowflake(), "aW50ZXJhY3Rpb246" + secrets.token_urlsafe(48)
        created = self.server.clock()
        interaction = Interaction(self.server, new_id, token, type, user, channel, data, created, message)
        self.by_token[token] = interaction
        what = {COMMAND: f"/{data.get('name')}", AUTOCOMPLETE: f"types /{data.get('name')}", MODAL: "submits"}
        channel.note(user.name, what.get(type, f"presses {data.get('custom_id')}"))
        self.tell(interaction)
        return interaction

    def tell(self, interaction: Interaction) -> None:
        self.server.gateway.dispatch("INTERACTION_CREATE", interaction.as_json(), guild=interaction.channel.guild)

    def _command_data(
        self, channel: Channel, user: User, path: str, given: dict[str, Any], *, focused: str
    ) -> dict[str, Any]:
        name, *subs = path.removeprefix("/").split()
        command = self._find(channel, name)
        self._check_allowed(channel, user, command)
        leaf, wrap = _descend(command, subs)
        options, resolved = focus_option(leaf, given, focused) if focused else fill_options(leaf, given)
        data = {"id": command["id"], "name": name, "type": command["type"], "options": wrap(options)}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return data | ({"resolved": resolved} if resolved else {})

    def _find(self, channel: Channel, name: str) -> dict[str, Any]:
        """Guild commands hide global ones of the same name."""
        scopes = [channel.guild.id] if channel.guild else []
        for scope in [*scopes, 0]:
            if (command := self.server.registry(scope).named(name)) is not None:
                return command
        known = [c["name"] for scope in [*scopes, 0] for c in self.server.registry(scope).commands.values()]
        raise CannotDo(f"/{name} is not registered; these are: {sorted(known)}")

    def _check_allowed(self, channel: Channel, user: User, command: dict[str, Any]) -> None:
        context = 0 if channel.guild else 1
        if command["contexts"] is not None and context not in command["contexts"]:
            raise CannotDo(f"/{command['name']} is not offered here")
        if channel.guild is None and not command["dm_permission"]:
            raise CannotDo(f"/{command['name']} is not offered in a DM")
        needs, has = command["default_member_permissions"], channel.permissions(user)
        if channel.guild and needs is not None and not has & ADMINISTRATOR and (int(needs) == 0 or int(needs) & ~has):
            raise CannotDo(f"{user.name} may not use /{command['name']}")


def _descend(command: dict[str, Any], subs: list[str]) -> tuple[dict[str, Any], Callable[[list[Any]], list[Any]]]:
    """The subcommand that `subs` name, and how its options are wrapped in an interaction."""
    leaf, path = command, []
    for sub in subs:
        found = [option for option in leaf.get("options") or [] if option["name"] == sub and option["type"] in {1, 2}]
        if not found:
            raise CannotDo(f"/{command['name']} has no subcommand {sub!r}")
        leaf = found[0]
        path.append(leaf)

    def wrap(options: list[Any]) -> list[Any]:
        for part in reversed(path):
            options = [{"name": part["name"], "type": part["type"], "options": options}]
        return options

    return leaf, wrap
