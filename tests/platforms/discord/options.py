"""A user's values for a command's options, as Discord's own client would check and send them."""

from __future__ import annotations

from typing import Any

from tests.platforms.discord.commands import GROUP, INTEGER, NUMBER, PYTHON_TYPES, STRING, SUB, USER
from tests.platforms.discord.errors import CannotDo
from tests.platforms.discord.people import User


def fill_options(command: dict[str, Any], given: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The options of an interaction and what they resolve to. Raises CannotDo for what the client would not send."""
    known = _known(command, given)
    missing = [name for name, option in known.items() if option.get("required") and name not in given]
    if missing:
        raise CannotDo(f"/{command['name']} needs {missing}")
    filled = [_fill(known[name], value) for name, value in given.items()]
    users = [value for value in given.values() if isinstance(value, User)]
    return filled, {"users": {str(user.id): user.as_json() for user in users}} if users else {}


def focus_option(
    command: dict[str, Any], given: dict[str, Any], focused: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The options of an autocomplete interaction: what is typed so far is a string and not checked."""
    known = _known(command, given)
    if not known[focused].get("autocomplete"):
        raise CannotDo(f"option {focused!r} has no autocomplete")
    others = [_fill(known[name], value) for name, value in given.items() if name != focused]
    typed = {"name": focused, "type": known[focused]["type"], "value": str(given[focused]), "focused": True}
    return [*others, typed], {}


def _known(command: dict[str, Any], given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    options = command.get("options") or []
    if any(option["type"] in {SUB, GROUP} for option in options):
        raise CannotDo(f"/{command['name']} is a group: name one of {[option['name'] for option in options]}")
    known = {option["name"]: option for option in options}
    if unknown := set(given) - set(known):
        raise CannotDo(f"/{command['name']} has no option {sorted(unknown)}; it has {sorted(known)}")
    return known


def _fill(option: dict[str, Any], value: Any) -> dict[str, Any]:
    kind = option["type"]
    if kind == USER and isinstance(value, User):
        return {"name": option["name"], "type": kind, "value": str(value.id)}
    expected = PYTHON_TYPES.get(kind)
    if expected is None or not isinstance(value, expected) or (isinstance(value, bool) and kind in {INTEGER, NUMBER}):
        raise CannotDo(f"option {option['name']!r} takes no {value!r}")
    _check_range(option, value)
    values = [choice["value"] for choice in option.get("choices") or []]
    if values and value not in values:
        raise CannotDo(f"option {option['name']!r} is one of {values}, not {value!r}")
    return {"name": option["name"], "type": kind, "value": value}


def _check_range(option: dict[str, Any], value: Any) -> None:
    if option["type"] == STRING:
        low, high, measured = option.get("min_length") or 0, option.get("max_length") or 6000, len(value)
    elif option["type"] in {INTEGER, NUMBER}:
        bounds = (option.get("min_value", -(2**53)), option.get("max_value", 2**53))
        low, high, measured = *bounds, value
    else:
        return
    if not low <= measured <= high:
        raise CannotDo(f"option {option['name']!r}: {value!r} is not between {low} and {high}")
