"""Which models may answer: settings and models.toml, read anew when the file or .env changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.model import build_model
from core.model.queue import Queue
from core.model.roster import FILE, Roster, parse
from core.observe.alerts import Alerts
from core.settings import Settings, load
from tests.core.model.asking import HI, text_of
from tests.platforms.model import ModelServer

SECRET = "sk-very-secret-key"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "LOCAL_MODEL"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("core.watched.EVERY", 0.0)


class Desk:
    """A data directory with its files, and what admins were told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, list[str]()
        self.alerts = Alerts()
        self.alerts.listen(self.told.append)
        self._writes = 0

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")
        self._writes += 1
        os.utime(self.folder / name, ns=(self._writes, self._writes))

    def settings(self) -> Settings:
        self.write(".env", f"DATA_DIR={self.folder}\n" + (self.folder / ".env").read_text() if self.exists else "")
        return load(self.folder / ".env")

    @property
    def exists(self) -> bool:
        return (self.folder / ".env").exists()

    def roster(self) -> Roster:
        return Roster(self.settings(), Queue(), alerts=self.alerts)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write(".env", "")
    return desk


def labels(roster: Roster) -> list[str]:
    return [rung.label for rung in roster()]


def test_the_settings_come_first_then_the_file(desk: Desk) -> None:
    desk.write(".env", "OPENAI_API_KEY=k\nOPENAI_MODEL=big\nOPENAI_FALLBACK_MODELS=small, tiny\n")
    desk.write(FILE, '[[model]]\nname = "llama"\nbase_url = "http://user:pw@127.0.0.1:1/v1"\n')
    assert labels(desk.roster()) == ["big", "small", "tiny", "llama at http://127.0.0.1:1/v1"]


def test_the_file_alone_is_enough_and_without_it_the_offline_model_answers(desk: Desk) -> None:
    roster = desk.roster()
    assert labels(roster) == ["offline"]
    desk.write(FILE, '[[model]]\nname = "llama"\nbase_url = "http://127.0.0.1:1/v1"')
    assert labels(roster) == ["llama at http://127.0.0.1:1/v1"]
    (desk.folder / FILE).unlink()
    os.utime(desk.folder, ns=(1, 1))
    assert labels(roster) == ["offline"]


def test_a_model_that_stays_keeps_its_state(desk: Desk) -> None:
    desk.write(FILE, '[[model]]\nname = "a"\n[[model]]\nname = "b"')
    roster = desk.roster()
    a, b = roster()
    desk.write(FILE, '[[model]]\nname = "b"\n[[model]]\nname = "c"\n[[model]]\nname = "a"')
    assert [roster()[0], roster()[2]] == [b, a]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[model]\nname", "at line 1"),
        (f'[[model]]\nname = "a"\nkeys = "{SECRET}"', "model 1: keys is a list of texts"),
        (f'[[model]]\nname = "a"\nkeys = ["{SECRET}", 1]', "model 1: keys is a list of texts"),
        (f'[[model]]\nname = "a"\nkey = "{SECRET}"', "model 1 has key; known are"),
        (f'keys = ["{SECRET}"]', "it has keys, but only [[model]] tables are known"),
        ('[model]\nname = "a"', "two brackets"),
        ("[[model]]\nname = 5", "model 1: name is a text"),
        ("[[model]]", "model 1 needs a name"),
        ('[[model]]\nname = "a"\n[[model]]\nname = "b"\nbase_url = "localhost"', "model 2: base_url is no URL"),
        ('[[model]]\nname = "a"\ngoes_on = "well"', "model 1: goes_on is one of anew, ask,"),
    ],
)
def test_a_bad_file_keeps_the_last_good_one_and_says_what_is_wrong(desk: Desk, text: str, why: str) -> None:
    desk.write(FILE, '[[model]]\nname = "good"')
    roster = desk.roster()
    before = roster()
    desk.write(FILE, text)
    assert roster() == before
    assert roster() == before
    (told,) = desk.told
    assert why in told
    assert told.endswith("What it said before still counts.")
    assert SECRET not in told
    desk.write(FILE, '[[model]]\nname = "better"')
    assert labels(roster) == ["better"]


def test_an_empty_file_names_no_model() -> None:
    assert parse("") == ()


async def test_a_key_that_changes_in_env_is_used_without_a_restart(desk: Desk) -> None:
    async with ModelServer(reply="Hello") as server:
        desk.write(".env", f"OPENAI_BASE_URL={server.url}\nOPENAI_API_KEY=old-1, old-2\nOPENAI_MODEL=loopback-model\n")
        model = build_model(desk.settings())
        for keys in ("", "OPENAI_API_KEY=new\n", "", "OPENAI_API_KEY=\n"):
            if keys:
                desk.write(".env", keys)
            assert text_of([delta async for delta in model.stream(HI)]) == "Hello"
        await model.close()
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer old-1", "Bearer new", "Bearer new", "Bearer old-1"]


async def test_a_key_of_the_environment_counts_before_env(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "outer")
    async with ModelServer(reply="Hello") as server:
        desk.write(".env", f"OPENAI_BASE_URL={server.url}\nOPENAI_API_KEY=inner\nOPENAI_MODEL=loopback-model\n")
        model = build_model(desk.settings())
        assert [delta async for delta in model.stream(HI)]
        await model.close()
    assert server.requests[-1].headers["Authorization"] == "Bearer outer"


async def test_each_endpoint_has_keys_of_its_own(desk: Desk) -> None:
    async with ModelServer(reply="Hello", models=["a", "b", "c", "d"]) as server:
        desk.write(".env", "OPENAI_BASE_URL=http://127.0.0.1:1/v1\nOPENAI_API_KEY=ours\nOPENAI_MODEL=x\nGROQ=theirs\n")
        rows = [
            f'[[model]]\nname = "{name}"\nbase_url = "{server.url}"\n{keys}'
            for name, keys in [("a", 'keys = ["one"]'), ("b", 'key_from = "GROQ"'), ("c", "")]
        ]
        desk.write(FILE, "\n".join(rows))
        for rung in desk.roster()()[1:]:
            assert [delta async for delta in rung.model.stream(HI)]
            await rung.model.close()
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer one", "Bearer theirs", "Bearer none"]  # never somebody else's key
