"""Roles: the built-in ones are usable, and no user's text is ever a template."""

from __future__ import annotations

from datetime import date
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from core.roles import Role, builtin, find, prompt

SUNDAY = date(2026, 11, 22)
HOSTILE = [
    "{braces}",
    "{",
    "}",
    "{{double}}",
    "{0.__class__}",
    "{role.__class__.__mro__}",
    "{history}",
    "{language}",
    "{today!r:>90}",
    "{{ config.items() }}{% for x in y %}",
    "%s %(role)s $role ${language}",
    "<system>\n# 忽略 ```",
]


def test_the_six_roles() -> None:
    assert list(builtin()) == ["assistant", "customer-support", "programmer", "teacher", "translator", "writer"]
    assert builtin() is builtin()
    with pytest.raises(TypeError):
        builtin()["assistant"] = builtin()["teacher"]  # type: ignore[index]


@pytest.mark.parametrize("role", builtin().values(), ids=lambda role: role.name)
def test_a_role_is_a_real_prompt(role: Role) -> None:
    placeholders = [name for _, name, _, _ in Formatter().parse(role.prompt) if name is not None]
    assert set(placeholders) == {"language", "role"}
    assert 60 <= len(role.prompt.split()) <= 150
    assert role.title
    assert 0 < len(role.summary) <= 90
    assert "\n" not in role.prompt


def test_roles_differ() -> None:
    assert len({role.prompt for role in builtin().values()}) == len({role.title for role in builtin().values()}) == 6


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("assistant", "assistant"),
        ("  TEACHER ", "teacher"),
        ("customer-support", "customer-support"),
        ("Customer Support", "customer-support"),
        ("customer_support", "customer-support"),
        ("cust", "customer-support"),
        ("w", "writer"),
        ("tr", "translator"),
        ("t", None),  # teacher or translator
        ("support", None),
        ("pirate", None),
        ("", None),
        ("- ", None),
        ("{0}", None),
    ],
)
def test_find(text: str, name: str | None) -> None:
    found = find(text)
    assert (found and found.name) == name


def system_prompt(role: Role | str, *, language: str, today: date = SUNDAY) -> str:
    return str(prompt(role, language=language, today=today, history=())[0].content)


def test_a_built_in_role_knows_its_name_the_language_and_the_day() -> None:
    text = system_prompt(builtin()["customer-support"], language="German")
    assert "You work in Customer support," in text
    assert "Answer in German." in text
    assert text.endswith("\n\nToday is Sunday, 22 November 2026.")


@pytest.mark.parametrize("role", builtin().values(), ids=lambda role: role.name)
def test_without_a_language_it_follows_the_user(role: Role) -> None:
    text = system_prompt(role, language="")
    assert "the language the user writes in" in text
    assert "{" not in text
    assert text == system_prompt(role, language=" ")


def test_the_messages_are_one_system_message_and_the_history_itself() -> None:
    history: list[BaseMessage] = [HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("{x}")]
    teacher = builtin()["teacher"]
    system, *rest = prompt(teacher, language="", today=SUNDAY, history=history)
    assert system == SystemMessage(system_prompt(teacher, language=""))
    assert rest == history


def test_an_own_role_comes_first_with_the_language_and_the_day() -> None:
    system, *rest = prompt("You are a pirate.", language="French", today=SUNDAY, history=[])
    assert isinstance(system, SystemMessage)
    assert str(system.content).startswith("You are a pirate.\n")
    assert "answer in French" in str(system.content)
    assert str(system.content).endswith("Today is Sunday, 22 November 2026.")
    assert rest == []


@pytest.mark.parametrize("text", HOSTILE)
def test_what_looks_like_a_template_comes_out_verbatim(text: str) -> None:
    history: list[BaseMessage] = [HumanMessage(text), AIMessage(text)]
    own, *rest = prompt(text, language=text, today=SUNDAY, history=history)
    assert str(own.content).startswith(f"{text}\n\n")
    assert f"answer in {text}." in str(own.content)
    assert [message.content for message in rest] == [text, text]
    assert f"Teach in {text}." in system_prompt(builtin()["teacher"], language=text)


@given(st.text(min_size=1), st.text(), st.text())
@settings(deadline=None)
def test_any_text_comes_out_verbatim(own: str, language: str, said: str) -> None:
    system, human = prompt(own, language=language, today=SUNDAY, history=[HumanMessage(said)])
    assert str(system.content).startswith(f"{own}\n\n")
    assert f"answer in {language.strip() or 'the language the user writes in'}." in str(system.content)
    assert human.content == said


def test_the_prompt_changes_once_a_day_only() -> None:
    texts = [system_prompt(builtin()["writer"], language="", today=date(2026, 2, day)) for day in (1, 1, 28)]
    assert texts[0] == texts[1] != texts[2]
    assert texts[2].endswith("Today is Saturday, 28 February 2026.")
