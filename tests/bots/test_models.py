"""What `doctor` says of the models and of moderation: each problem by its name, with its cure, and no secret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bots.finding import Finding
from bots.models import models
from bots.moderating import moderating
from core.settings import Settings, load
from tests.platforms.model import Fault, ModelServer

SECRET = "sk-very-secret-key"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "LOCAL_MODEL", "MODEL_", "GROQ"))]:
        monkeypatch.delenv(name)


def settings(folder: Path, **values: Any) -> Settings:
    lines = [f"{name.upper()}={value}" for name, value in {"data_dir": folder, **values}.items()]
    (folder / ".env").write_text("\n".join(lines), "utf-8")
    return load(folder / ".env")


async def findings(folder: Path, **values: Any) -> list[Finding]:
    async with aiohttp.ClientSession() as http:
        found = [finding async for finding in models(settings(folder, **values), http)]
    assert SECRET not in str(found)
    return found


async def problem(folder: Path, **values: Any) -> tuple[str, str]:
    """What is wrong with the last one, and the cure."""
    finding = (await findings(folder, **values))[-1]
    return finding.text, finding.cure


def listed(folder: Path, text: str) -> None:
    (folder / "models.toml").write_text(text, "utf-8")


async def test_each_model_that_may_answer_has_its_line(tmp_path: Path) -> None:
    async with ModelServer(models=["text-embedding-3", "big", "small", "special"]) as server:
        listed(tmp_path, f'[[model]]\nname = "other"\nbase_url = "{server.url}"')
        values = {"openai_base_url": server.url, "openai_fallback_models": "small", "model_choices": "special, big"}
        found = await findings(tmp_path, **values)
    assert [(finding.about, finding.name, bool(finding.cure)) for finding in found] == [
        ("model", "big", False),
        ("fallback", "small", False),
        ("fallback", "other", True),
        ("choice", "special", False),
        ("choice", "big", False),
    ]
    assert found[2].text == f"{server.url} does not list other"
    assert found[2].cure == "correct the name in models.toml: it lists text-embedding-3, big, small, special"
    assert server.asked_for_models == 1


async def test_what_the_endpoint_has_besides_is_told_unless_the_operator_has_chosen(tmp_path: Path) -> None:
    async with ModelServer(models=["omni-moderation-latest", "text-embedding-3", "big", "small"]) as server:
        (told,) = await findings(tmp_path, openai_base_url=server.url)
        chosen = await findings(tmp_path, openai_base_url=server.url, model_choices="big")
    more = "; it lists small, too, which MODEL_CHOICES can offer with /model"
    assert told.text == f"{server.url} answers; model big{more}"
    assert [finding.text for finding in chosen] == [f"{server.url} answers; model big"] * 2


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("openai_model", "OPENAI_MODEL"),
        ("openai_fallback_models", "OPENAI_FALLBACK_MODELS"),
        ("model_choices", "MODEL_CHOICES"),
    ],
)
async def test_a_model_that_is_not_listed_is_named_with_the_setting(tmp_path: Path, setting: str, named: str) -> None:
    async with ModelServer() as server:
        values = {"openai_base_url": server.url, setting: "gone"}
        assert await problem(tmp_path, **values) == (
            f"{server.url} does not list gone",
            f"correct the name in {named}: it lists loopback-model",
        )


async def test_the_key_that_is_refused_is_named_by_its_place(tmp_path: Path) -> None:
    async with ModelServer(key="good") as server:
        values = {"openai_base_url": server.url, "openai_api_key": f"good,{SECRET}"}
        refused, model, spare = await findings(tmp_path, **values, openai_fallback_models="spare")
        assert refused.text == f"{server.url} refuses key 2 of 2 in OPENAI_API_KEY"
        assert refused.cure == "correct OPENAI_API_KEY"
        assert not model.cure
        assert spare.text == f"{server.url} does not list spare"
        assert await problem(tmp_path, openai_base_url=server.url, openai_api_key=f"{SECRET},{SECRET}2") == (
            f"{server.url} refuses key 1, 2 of 2 in OPENAI_API_KEY",
            "correct OPENAI_API_KEY",
        )
        listed(tmp_path, f'[[model]]\nname = "b"\nbase_url = "{server.url}"\nkeys = ["{SECRET}"]')
        text = (f"{server.url} refuses the key in models.toml, b", "correct models.toml, b")
        assert await problem(tmp_path) == text
        assert await problem(tmp_path, openai_base_url=server.url, openai_api_key="good") == text


async def test_a_model_without_a_key_is_named_with_where_to_put_one(tmp_path: Path) -> None:
    async with ModelServer(key="good") as server:
        assert await problem(tmp_path, openai_base_url=server.url, openai_model="a") == (
            f"{server.url} asks for a key, and a at {server.url} has none",
            "set OPENAI_API_KEY",
        )
        row = f'[[model]]\nname = "b"\nbase_url = "{server.url}"\n'
        listed(tmp_path, row)
        assert (await problem(tmp_path))[1] == "give b keys or key_from in models.toml"
        listed(tmp_path, f'{row}key_from = "GROQ_API_KEY"')
        assert await problem(tmp_path) == (
            f"b at {server.url} has no key: GROQ_API_KEY is empty",
            "set GROQ_API_KEY in .env",
        )
        (finding,) = await findings(tmp_path, groq_api_key="good")
        assert finding.text == f"{server.url} does not list b"


async def test_an_endpoint_of_a_fallback_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with ModelServer() as server:
        listed(tmp_path, '[[model]]\nname = "b"\nbase_url = "http://user:hunter2@127.0.0.1:9/v1"')
        found = await findings(tmp_path, openai_base_url=server.url)
    assert [bool(finding.cure) for finding in found] == [False, True]
    assert found[1].text == "http://127.0.0.1:9/v1 does not answer"
    assert found[1].cure == "start the server, or correct base_url in models.toml"
    assert "hunter2" not in str(found)


PAGE = Fault(status=200, body="<html>Welcome</html>")
ODD = [
    (PAGE, "is a web page, not an API", "correct OPENAI_BASE_URL (most end in /v1)"),
    (Fault(status=503), "is in trouble (HTTP 503)", "look at its own status page"),
    (Fault(status=429), "is in trouble (HTTP 429)", "look at its own status page"),
    (Fault(status=404, body={"detail": "Not Found"}), "lists no models", "or set OPENAI_MODEL"),
]


@pytest.mark.parametrize(("fault", "text", "cure"), ODD)
async def test_what_answers_oddly_is_named(tmp_path: Path, fault: Fault, text: str, cure: str) -> None:
    async with ModelServer() as server:
        server.model_faults.append(fault)
        told = await problem(tmp_path, openai_base_url=server.url)
    assert text in told[0]
    assert cure in told[1]


async def test_an_endpoint_that_lists_nothing_is_no_problem_when_the_model_has_a_name(tmp_path: Path) -> None:
    async with ModelServer() as server:
        server.model_faults.append(Fault(status=404, body={"detail": "Not Found"}))
        (finding,) = await findings(tmp_path, openai_base_url=server.url, openai_model="a")
    assert not finding.cure
    assert "only an answer can show" in finding.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[model]]\nname = "a"\nkey = "x"', "model 1 has key; known are base_url, goes_on, key_from, keys, name"),
        ("[[model]]\nname = 5", "model 1: name is a text"),
        ("[[model]", "it is no TOML"),
    ],
)
async def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(tmp_path: Path, text: str, why: str) -> None:
    listed(tmp_path, text)
    told, cure = await problem(tmp_path)
    assert f"models.toml cannot be used: {why}" in told
    assert cure.startswith("correct models.toml")


async def moderation(folder: Path, text: str | None = None, **values: Any) -> Finding:
    if text is not None:
        (folder / "moderation.txt").write_text(text, "utf-8")
    return await moderating(settings(folder, **values))


async def test_the_word_list_is_looked_at(tmp_path: Path) -> None:
    assert (await moderation(tmp_path)).text == "off"
    missing = await moderation(tmp_path, moderation="words")
    assert "moderation.txt cannot be used: no such file or directory" in missing.text
    assert missing.cure == f"write {tmp_path}/moderation.txt, or set MODERATION=off"
    empty = await moderation(tmp_path, "# nothing yet\n", moderation="words")
    assert empty.text == "moderation.txt has no words in it"
    assert empty.cure
    full = await moderation(tmp_path, "bomb\nhow to steal\n", moderation="words")
    assert (full.text, full.cure) == ("2 words and phrases in moderation.txt", "")
    assert "counts only with MODERATION=words" in (await moderation(tmp_path)).text


async def test_the_moderation_endpoint_is_asked(tmp_path: Path) -> None:
    async with ModelServer() as server:
        values = {"moderation": "openai", "openai_base_url": server.url}
        assert (await moderation(tmp_path, **values)).text == "the endpoint answers"
        server.faults.append(Fault(status=404))
        finding = await moderation(tmp_path, **values)
    assert f"{server.url}/moderations answers HTTP 404" in finding.text
    assert "until then questions are let through" in finding.cure
    assert (await moderation(tmp_path, moderation="openai")).cure.startswith("set OPENAI_API_KEY")
