"""The command table as Discord's slash commands, and a slash command back as the core's text. Pure.

Written as Discord's JSON rather than with `discord.app_commands`, which reads commands from functions' signatures:
ours are data. `Client` registers `payload()` and hands what comes back to `spoken`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from core.commands import BY_NAME, COMMANDS, Argument, Command, parse

# Discord: application-commands, 1 to 100 characters; at most 25 choices of at most 100 characters each
TEXT, CHOICES = 100, 25

ASK = Command(
    "ask",
    "Ask me something",
    (Argument("question", "what you would like to know"), Argument("role", "a role for this answer", suggest="roles")),
    asks_model=True,
)
TABLE: Mapping[str, Command] = {ASK.name: ASK, **BY_NAME}

Options = Mapping[str, str]


def payload(commands: Sequence[Command] = (ASK, *COMMANDS)) -> list[dict[str, Any]]:
    """What is registered with Discord: for servers, for the bot's DMs, and for people who install it for themselves."""
    return [_command(command) for command in commands]


def digest(commands: Sequence[Mapping[str, Any]]) -> str:
    """Tells whether `payload()` is another than the one that was registered last."""
    return hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()


def given(data: Mapping[str, Any]) -> Options:
    """The options of an interaction's `data`, by name."""
    return {option["name"]: str(option.get("value", "")) for option in data.get("options", ())}


def typing_in(data: Mapping[str, Any]) -> tuple[str, str] | None:
    """What an autocomplete interaction asks for (`Argument.suggest`), and what is typed so far."""
    arguments = {argument.name: argument for argument in TABLE.get(data["name"], ASK).arguments}
    for option in data.get("options", ()):
        if option.get("focused") and option["name"] in arguments:
            return arguments[option["name"]].suggest, str(option.get("value", ""))
    return None


def spoken(name: str, options: Options) -> tuple[str, str]:
    """The text that the core understands, and the role for this one turn.

    "/role name:teacher" is "/role teacher", "/role custom:be brief" is "/role custom be brief", "/ask" is its
    question. A command's arguments are alternatives: when several are given, the last one of the table counts; but
    where each has words before it, they go together.
    """
    if name == ASK.name:
        question = options.get("question", "").strip()
        return (" " + question if parse(question) else question), options.get("role", "").strip()
    arguments = TABLE[name].arguments if name in TABLE else ()
    values = [arg.prefix + options[arg.name].strip() for arg in arguments if options.get(arg.name, "").strip()]
    together = all(argument.prefix for argument in arguments)
    return " ".join([f"/{name}", *(values if together else values[-1:])]), ""


def quiet(name: str) -> bool:
    """Whether only the asker sees the answer in a server: settings and lists would fill the channel."""
    return name in TABLE and not TABLE[name].asks_model


def _command(command: Command) -> dict[str, Any]:
    manage = str(discord.Permissions(manage_guild=True).value)
    return {
        "type": discord.AppCommandType.chat_input.value,
        "name": command.name,
        "description": command.summary[:TEXT],
        "options": [_option(argument, required=argument.name == "question") for argument in command.arguments],
        "default_member_permissions": manage if command.admin else None,
        "integration_types": [0, 1],  # in a server; with a user, wherever they go
        "contexts": [0, 1] if command.admin else [0, 1, 2],  # server; the bot's DMs; other DMs and group DMs
    }


def _option(argument: Argument, *, required: bool) -> dict[str, Any]:
    option: dict[str, Any] = {
        "type": discord.AppCommandOptionType.string.value,
        "name": argument.name,
        "description": argument.summary[:TEXT],
        "required": required,
    }
    if argument.choices:
        option["choices"] = [{"name": choice, "value": choice} for choice in argument.choices]
    elif argument.suggest:
        option["autocomplete"] = True
    return option
