"""Who the model is to be: the built-in roles, and the messages that a role and a history make for the model.

`core.context` builds every prompt here; `core.commands` lists the roles. What a user wrote (their own role, a
language, any message) is only ever the value of a template, never a template.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder

FOLLOW_THE_USER = "the language the user writes in"
OWN_ROLE = "{own}\n\nUnless the above says otherwise, answer in {language}."
# The day and not the time: the prompt stays the same all day, so endpoints can reuse what they cached of it.
TODAY = "\n\nToday is {today}."
# Behind what never changes in a conversation: the summary is another only after a cut.
EARLIER = "\n\nWhat was said earlier in this conversation, in short:\n{earlier}"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Role:
    """A built-in role. prompt is a template with the placeholders {role} and {language}.

    temperature, length (tokens of an answer): what suits it; None: the model's own.
    """

    name: str
    title: str
    summary: str
    prompt: str
    temperature: float | None = None
    length: int | None = None


@cache
def builtin() -> Mapping[str, Role]:
    """The built-in roles by name, in the order of their names; read once."""
    found = (file for file in files("core").joinpath("data", "roles").iterdir() if file.name.endswith(".toml"))
    roles = {}
    for file in sorted(found, key=lambda file: file.name):
        name = file.name.removesuffix(".toml")
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        roles[name] = Role(name, **{**data, "prompt": data["prompt"].strip()})
    return MappingProxyType(roles)


def find(text: str) -> Role | None:
    """The role of that name or title, or the only one that begins so; case and hyphens do not matter."""
    wanted = _plain(text)
    if not wanted:
        return None
    named = {word: role for role in builtin().values() for word in (_plain(role.name), _plain(role.title))}
    begun = {role.name: role for word, role in named.items() if word.startswith(wanted)}
    return named.get(wanted) or (next(iter(begun.values())) if len(begun) == 1 else None)


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())


def prompt(
    role: Role | str, *, language: str, today: date, history: Sequence[BaseMessage], earlier: str = ""
) -> list[BaseMessage]:
    """The system message, and the history as it is.

    role: a built-in one, or the user's own in their words. language "" means the one that the user writes in.
    earlier: what was said before the history, in short.
    """
    values = {
        "language": language.strip() or FOLLOW_THE_USER,
        "today": _written(today),
        "earlier": earlier,
        "history": list(history),
    }
    rest = TODAY + (EARLIER if earlier else "")
    if isinstance(role, str):
        return _messages(OWN_ROLE + rest).format_messages(own=role, **values)
    return _messages(role.prompt + rest).format_messages(role=role.title, **values)


@cache
def _messages(system: str) -> ChatPromptTemplate:
    return ChatPromptTemplate.from_messages([("system", system), MessagesPlaceholder("history")])


def _written(day: date) -> str:
    """Like "Sunday, 22 November 2026", whatever the process's locale."""
    return f"{DAYS[day.weekday()]}, {day.day} {MONTHS[day.month - 1]} {day.year}"
