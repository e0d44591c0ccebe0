"""The command table as slash commands, and slash commands as the core's text."""

from __future__ import annotations

import pytest

from bots.discord import slash
from core.commands import COMMANDS, parse


def test_every_command_of_the_table_is_registered() -> None:
    names = [command["name"] for command in slash.payload()]
    assert names == ["ask", *(command.name for command in COMMANDS)]


def test_descriptions_and_options_keep_to_discords_limits() -> None:
    for command in slash.payload():
        options = command["options"]
        assert 1 <= len(command["description"]) <= 100
        assert len(options) <= 25
        assert [o["required"] for o in options] == sorted((o["required"] for o in options), reverse=True)
        for option in options:
            assert 1 <= len(option["description"]) <= 100
            assert not ("choices" in option and "autocomplete" in option)  # Discord refuses both at once


def test_admin_commands_are_for_those_who_manage_the_server() -> None:
    shown = {command["name"]: command["default_member_permissions"] for command in slash.payload()}
    admin = {command.name for command in COMMANDS if command.admin}
    assert admin
    assert {name for name, needs in shown.items() if needs == str(1 << 5)} == admin
    assert {shown[name] for name in shown if name not in admin} == {None}


@pytest.mark.parametrize(
    ("name", "options", "text", "role"),
    [
        ("role", {}, "/role", ""),
        ("role", {"name": "teacher"}, "/role teacher", ""),
        ("role", {"custom": "be brief"}, "/role custom be brief", ""),
        ("role", {"name": "teacher", "custom": "be brief"}, "/role custom be brief", ""),
        ("role", {"name": "  "}, "/role", ""),
        ("stream", {"mode": "off"}, "/stream off", ""),
        ("ask", {"question": "why?"}, "why?", ""),
        ("ask", {"question": "why?", "role": "teacher"}, "why?", "teacher"),
        ("gone", {"name": "x"}, "/gone", ""),  # a command that was in the table when Discord was told
    ],
)
def test_text(name: str, options: dict[str, str], text: str, role: str) -> None:
    assert slash.spoken(name, options) == (text, role)


def test_a_question_is_never_taken_for_a_command() -> None:
    text, _ = slash.spoken("ask", {"question": "/reset"})
    assert parse(text) is None
    assert text.strip() == "/reset"


def test_only_what_asks_the_model_is_for_everybody_to_see() -> None:
    public = {name for name in slash.TABLE if not slash.quiet(name)}
    assert public == {"ask", "retry"}


def test_the_digest_changes_with_the_commands_and_with_nothing_else() -> None:
    assert slash.digest(slash.payload()) == slash.digest(slash.payload())
    assert slash.digest(slash.payload()) != slash.digest(slash.payload()[1:])


def test_what_is_being_typed() -> None:
    options = [{"name": "question", "value": "x"}, {"name": "role", "value": "te", "focused": True}]
    assert slash.typing_in({"name": "ask", "options": options}) == ("roles", "te")
    assert slash.typing_in({"name": "ask", "options": options[:1]}) is None
    assert slash.typing_in({"name": "gone", "options": [{"name": "x", "focused": True}]}) is None
