"""The one table of commands. Every platform renders it its own way: a menu, slash commands, a page's picker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command.

    suggest: what `Core.suggest` offers for it ("roles", "models", "languages", "sessions", "members"), "" for free
    text.
    choices: the only values, where they are few and fixed.
    prefix: words that come before the value in the text form ("custom " makes "/role custom <text>").
    """

    name: str
    summary: str
    suggest: str = ""
    choices: tuple[str, ...] = ()
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as users see it. asks_model: it waits its turn in the lane like a question; the rest act at once.

    admin: only Chinwag's own admins see and use it.
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...] = ()
    asks_model: bool = False
    admin: bool = False


COMMANDS: tuple[Command, ...] = (
    Command("start", "Say hello and what I can do"),
    Command("help", "List the commands"),
    Command("new", "Start a new conversation; the old one stays"),
    Command("reset", "Forget this conversation and start a new one; the old one stays in /sessions"),
    Command(
        "sessions",
        "List your conversations, or go back to one",
        (Argument("number", "which conversation to go back to, or: from 21", suggest="sessions"),),
    ),
    Command(
        "role",
        "Show the roles, switch to one, or give me your own",
        (
            Argument("name", "the role to switch to", suggest="roles"),
            Argument("custom", "your own role, in your own words", prefix="custom "),
        ),
    ),
    Command(
        "language",
        "Show or choose the language of my answers",
        (Argument("name", "a language, or auto to follow yours", suggest="languages"),),
    ),
    Command(
        "model",
        "Show the models, or choose the one that answers here",
        (Argument("name", "a model, or default", suggest="models"),),
    ),
    Command(
        "set",
        "Show or choose how wild and how long my answers are",
        (
            Argument("temperature", "0 (sober) to 2 (wild), or default", prefix="temperature "),
            Argument("length", "tokens of an answer at most, or default", prefix="length "),
        ),
    ),
    Command("stop", "Stop the answer that is being written; what was said stays"),
    Command("retry", "Answer your last message anew", asks_model=True),
    Command(
        "stream",
        "Show answers while they are being written, or only when complete",
        (Argument("mode", "on or off", choices=("on", "off")),),
    ),
    Command(
        "history",
        "Show what I remember of this conversation",
        (Argument("action", "forget: drop the summary of what was said earlier", choices=("forget",)),),
    ),
    Command("usage", "Show what you have used, and what you may"),
    Command(
        "approve",
        "Let somebody in by their code; in a group without a code: the group",
        (Argument("code", "the pairing code that the person was given"),),
        admin=True,
    ),
    Command(
        "revoke",
        "Let somebody out by their id; in a group without one: the group; in private: list who is in",
        (Argument("who", "the id, like telegram:123", suggest="members"),),
        admin=True,
    ),
)

BY_NAME = {command.name: command for command in COMMANDS}


def parse(text: str) -> tuple[Command, str] | None:
    """The command that a message is, and its argument text; None for an ordinary message.

    Only "/name" at the very start counts, and only with a name of the table: "/etc/passwd is what?" is a question.
    """
    if not text.startswith("/"):
        return None
    name, *rest = text[1:].split(maxsplit=1) or [""]
    command = BY_NAME.get(name.lower()) if text[1:2].strip() else None
    return (command, rest[0].strip() if rest else "") if command else None
