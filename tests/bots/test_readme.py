"""What README and .env.example tell people to type works, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bots.__main__ import app
from core.commands import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
TEXTS = {"README.md": README, ".env.example": (ROOT / ".env.example").read_text("utf-8")}
PLAIN = re.compile(r"(?<!\.venv/bin/)python -m bots")


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_names_the_python_that_has_what_it_needs(name: str) -> None:
    assert [line for line in TEXTS[name].splitlines() if PLAIN.search(line)] == []


def test_every_command_line_exists_and_is_told() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    told = set(re.findall(r"-m bots (\w+)", "".join(TEXTS.values())))
    assert told - known == set()
    assert known - told <= {"version"}


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    told = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))
    assert told
    assert told - targets == set()


def test_every_command_of_the_chats_is_told() -> None:
    table = "".join(line for line in README.splitlines() if line.startswith("| `/"))
    assert [command.name for command in COMMANDS if f"/{command.name}" not in table] == []


def test_nothing_is_promised_that_is_not_there() -> None:
    if not (ROOT / "Dockerfile").exists():
        assert "docker" not in README.lower()
