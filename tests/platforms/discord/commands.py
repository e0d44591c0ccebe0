"""Application commands: what Discord takes when a bot registers them, and the registry of those it took."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.platforms.discord import errors

SLASH, ON_USER, ON_MESSAGE = 1, 2, 3
LIMITS = {SLASH: 100, ON_USER: 15, ON_MESSAGE: 15}  # Discord docs, Registering a Command; 15 since 2026-03-03
CREATES_A_DAY = 200
DAY = 86_400.0
SUB, GROUP, STRING, INTEGER, BOOLEAN, USER, NUMBER = 1, 2, 3, 4, 5, 6, 10
PYTHON_TYPES: dict[int, type | tuple[type, ...]] = {
    STRING: str,
    INTEGER: int,
    BOOLEAN: bool,
    NUMBER: (int, float),
}


def check_name(field: str, name: Any, *, slash: bool = True) -> None:
    """1-32 letters, digits, "-", "_", "'" in lower case; names of context menus are free text."""
    if not isinstance(name, str):
        raise errors.required(field)
    if not 1 <= len(name) <= 32:
        raise errors.bad_length(field, 1, 32)
    if slash and (name != name.lower() or not all(_is_name_character(c) for c in name)):
        pattern = r"^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$"
        text = f"Command name is invalid; it must match {pattern} in lower case"
        raise errors.invalid(field, "APPLICATION_COMMAND_INVALID_NAME", text)


def _is_name_character(character: str) -> bool:
    marks = unicodedata.name(character, "").startswith(("DEVANAGARI", "THAI"))
    return character in "-_'" or unicodedata.category(character)[0] in "LN" or marks


def check_description(field: str, text: Any) -> None:
    if not isinstance(text, str):
        raise errors.required(field)
    if not 1 <= len(text) <= 100:
        raise errors.bad_length(field, 1, 100)


def check_command(body: dict[str, Any], path: str) -> None:
    """path: "" for a single command, "3." for the fourth of a list."""
    kind = body.get("type") or SLASH
    check_name(f"{path}name", body.get("name"), slash=kind == SLASH)
    if kind != SLASH:
        return
    check_description(f"{path}description", body.get("description"))
    check_options(f"{path}options", body.get("options") or [])
    if _size(body) > 8000:
        text = "Command exceeds maximum size (8000)"
        raise errors.invalid(f"{path}_", "APPLICATION_COMMAND_TOO_LARGE", text)


def check_options(path: str, options: list[dict[str, Any]]) -> None:
    if len(options) > 25:
        raise errors.too_long(path, 25)
    names = [option.get("name") for option in options]
    if len(names) != len(set(names)):
        text = "Option names must be unique"
        raise errors.invalid(path, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", text)
    optional = False
    for index, option in enumerate(options):
        field = f"{path}.{index}"
        check_option(field, option)
        if option.get("required") and optional:
            text = "Required options must be placed before non-required options"
            raise errors.invalid(field, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        optional = optional or not option.get("required")


def check_option(field: str, option: dict[str, Any]) -> None:
    check_name(f"{field}.name", option.get("name"))
    check_description(f"{field}.description", option.get("description"))
    kind = option.get("type")
    if kind not in range(1, 12):
        raise errors.bad_choice(f"{field}.type", tuple(range(1, 12)))
    if kind in {SUB, GROUP}:
        check_options(f"{field}.options", option.get("options") or [])
    choices = option.get("choices") or []
    if (choices or option.get("autocomplete")) and kind not in {STRING, INTEGER, NUMBER}:
        raise errors.invalid(field, "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "This type takes no choices")
    if choices and option.get("autocomplete"):
        text = "Autocomplete cannot be enabled when choices are present"
        raise errors.invalid(field, "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", text)
    if choices:
        check_choices(f"{field}.choices", choices, int(option["type"]))


def check_choices(field: str, choices: list[dict[str, Any]], kind: int) -> None:
    """At most 25; a name of 1-100 characters; a value of the option's type, a string of at most 100."""
    if len(choices) > 25:
        raise errors.too_long(field, 25)
    for index, choice in enumerate(choices):
        name, value = choice.get("name"), choice.get("value")
        if not isinstance(name, str) or not 1 <= len(name) <= 100:
            raise errors.bad_length(f"{field}.{index}.name", 1, 100)
        if isinstance(value, bool) or not isinstance(value, PYTHON_TYPES[kind]):
            raise errors.invalid(f"{field}.{index}.value", "BASE_TYPE_BAD_TYPE", "Value has another type")
        if isinstance(value, str) and not 1 <= len(value) <= 100:
            raise errors.bad_length(f"{field}.{index}.value", 1, 100)


def _size(part: dict[str, Any]) -> int:
    """Name, description and choice values together, the longest translation of each (Discord docs)."""
    size = 0
    for key in ("name", "description"):
        texts = [part.get(key) or "", *(part.get(f"{key}_localizations") or {}).values()]
        size += max(len(text) for text in texts)
    size += sum(len(str(choice.get("value"))) + len(choice.get("name") or "") for choice in part.get("choices") or [])
    return size + sum(_size(option) for option in part.get("options") or [])


@dataclass
class Registry:
    """The commands of one scope: global (guild 0) or one guild. creates: times of the day's new commands."""

    application: int
    guild: int
    clock: Callable[[], float]
    new_id: Callable[[], int]
    commands: dict[int, dict[str, Any]] = field(default_factory=dict)
    creates: list[float] = field(default_factory=list)

    def named(self, name: str, kind: int = SLASH) -> dict[str, Any] | None:
        return next((c for c in self.commands.values() if (c["name"], c["type"]) == (name, kind)), None)

    def replace(self, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Bulk overwrite: what is not in the list goes; only new names count as creates."""
        self._check_all(bodies)
        keys = [(body["name"], body.get("type") or SLASH) for body in bodies]
        self._count([key for key in keys if self.named(*key) is None])
        kept = [self._store(body, self.named(*key)) for body, key in zip(bodies, keys, strict=True)]
        self.commands = {int(command["id"]): command for command in kept}
        return kept

    def _check_all(self, bodies: Any) -> None:
        if not isinstance(bodies, list):
            raise errors.invalid("_", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        for index, body in enumerate(bodies):
            check_command(body, f"{index}.")
        keys = [(body["name"], body.get("type") or SLASH) for body in bodies]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                text = "Application command names must be unique"
                raise errors.invalid(str(index), "APPLICATION_COMMANDS_DUPLICATE_NAME", text)
        for kind, limit in LIMITS.items():
            if sum(key[1] == kind for key in keys) > limit:
                raise errors.too_many_commands(limit)

    def create(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One command; the same name again overwrites it and is no new one."""
        check_command(body, "")
        kind = body.get("type") or SLASH
        known = self.named(body["name"], kind)
        if known is None:
            if sum(command["type"] == kind for command in self.commands.values()) >= LIMITS[kind]:
                raise errors.too_many_commands(LIMITS[kind])
            self._count([body["name"]])
        command = self._store(body, known)
        self.commands[int(command["id"])] = command
        return (201 if known is None else 200), command

    def edit(self, id: int, changes: dict[str, Any]) -> dict[str, Any]:
        command = self.get(id)
        merged = {**command, **changes, "type": command["type"]}
        check_command(merged, "")
        self.commands[id] = self._store(merged, command)
        return self.commands[id]

    def get(self, id: int) -> dict[str, Any]:
        if id not in self.commands:
            raise errors.unknown("application command")
        return self.commands[id]

    def _count(self, new: list[Any]) -> None:
        now = self.clock()
        self.creates = [at for at in self.creates if now - at < DAY]
        if len(self.creates) + len(new) > CREATES_A_DAY:
            raise errors.too_many_creates(CREATES_A_DAY)
        self.creates += [now] * len(new)

    def _store(self, body: dict[str, Any], known: dict[str, Any] | None) -> dict[str, Any]:
        defaults = {"description": "", "options": [], "contexts": None, "integration_types": [0], "nsfw": False}
        defaults |= {"default_member_permissions": None, "dm_permission": True}
        given = {key: value for key, value in body.items() if value is not None}
        ends = {"id": known["id"] if known else str(self.new_id()), "application_id": str(self.application)}
        ends |= {"type": body.get("type") or SLASH, "version": str(self.new_id())}
        return defaults | given | ends | ({"guild_id": str(self.guild)} if self.guild else {})
