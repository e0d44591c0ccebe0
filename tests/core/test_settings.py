"""Settings: a bad value is refused with its name and an example, and the example file names every setting."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import SetupError
from core.settings import EXAMPLES, Settings, load

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_file_with_a_byte_order_mark_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("\ufeffWEB_PORT=1234\nACCESS=open\n", "utf-8")
    settings = load(tmp_path / ".env")
    assert (settings.web_port, settings.access) == (1234, "open")


def test_a_folder_called_env_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert load(tmp_path / ".env").env_file is None
    assert load(tmp_path / "later").env_file == tmp_path / "later"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_PORT", "http"),
        ("WEB_PORT", "70000"),
        ("ACCESS", "everybody"),
        ("ADMINS", "123"),
        ("ADMINS", "facebook:1"),
        ("ADMINS", "telegram:@ada"),
        ("ADMINS", "telegram:ada, telegram:1"),
        ("ADMINS", "discord:ada#1234"),
        ("ADMINS", "telegram:-5"),
        ("ADMINS", "telegram:"),
        ("OPENAI_BASE_URL", "localhost:11434"),
        ("GROUP_SESSIONS", "private"),
        ("CONTEXT_ROUNDS", "0"),
        ("WEB_ENABLED", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("TELEGRAM_WEBHOOK_URL", "http://bot.example.org/telegram"),
        ("TELEGRAM_WEBHOOK_URL", "https://bot.example.org"),
        ("TELEGRAM_WEBHOOK_SECRET", "has a blank"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_an_example(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError) as error:
        load(None)
    assert str(error.value).startswith(f"{name}: ")
    assert f"(example: {name}={EXAMPLES[name.lower()]})" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "admins"),
    [
        ("telegram: 123", ("telegram:123",)),
        ("Telegram :123 , discord:\t456", ("telegram:123", "discord:456")),
        ("web:owner", ("web:owner",)),
    ],
)
def test_blanks_and_capitals_in_admins_do_not_matter(
    value: str, admins: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMINS", value)
    assert load(None).admins == admins


@pytest.mark.parametrize(("value", "cure"), [("telegram:@ada", "write to it"), ("discord:ada", "Copy User ID")])
def test_an_admin_by_name_is_told_how_to_find_the_id(value: str, cure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMINS", f"telegram:1, {value}")
    with pytest.raises(SetupError, match=rf"ADMINS: {value} can never match.*only digits.*{cure}"):
        load(None)


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:verysecret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-verysecret")
    monkeypatch.setenv("WEB_PORT", "x")
    with pytest.raises(SetupError) as error:
        load(None)
    assert "verysecret" not in str(error.value)
    monkeypatch.setenv("WEB_PORT", "8080")
    assert "verysecret" not in repr(load(None))


def test_a_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = tmp_path / ".env"
    env.write_text("WEB_PORT=9000\nADMINS=telegram:1, discord:2\n# a comment\nSOMETHING_ELSE=1\n", "utf-8")
    settings = load(env)
    assert settings.web_port == 9000
    assert settings.admins == ("telegram:1", "discord:2")
    monkeypatch.setenv("WEB_PORT", "9001")
    assert load(env).web_port == 9001


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_bytes(b"WEB_PORT=\xff\xfe\n")
    with pytest.raises(SetupError, match="UTF-8"):
        load(env)


def test_the_embedded_model_answers_only_when_nothing_else_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(None).embedded
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1/")
    assert not load(None).embedded
    assert load(None).openai_base_url == "http://127.0.0.1:11434/v1"


def test_an_empty_value_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOCAL_MODEL_PATH", "OPENAI_BASE_URL", "ADMINS", "DATABASE_URL", "TELEGRAM_BOT_TOKEN"):
        monkeypatch.setenv(name, "")
    settings = load(None)
    assert settings.local_model_path is None
    assert settings.database == "sqlite+aiosqlite:///data/chinwag.db"


def named(path: str) -> set[str]:
    return set(re.findall(r"^#?\s*([A-Z][A-Z_]+)=", (ROOT / path).read_text("utf-8"), re.M))


def test_the_example_file_names_exactly_the_settings_and_its_values_are_valid(tmp_path: Path) -> None:
    assert named(".env.example") == {name.upper() for name in Settings.model_fields}
    env = tmp_path / ".env"
    env.write_text((ROOT / ".env.example").read_text("utf-8"), "utf-8")
    assert load(env).model_dump() == load(None).model_dump()


def test_the_readme_has_every_setting() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert not [name for name in Settings.model_fields if f"`{name.upper()}`" not in readme]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("OPENAI_BASE_URL", "ftp://x/v1", "no address of an API"),
        ("OPENAI_BASE_URL", "http://", "no address of an API"),
        ("OPENAI_BASE_URL", "http://x/v1 http://y", "no address of an API"),
        ("OPENAI_BASE_URL", "http://x/v1/chat/completions", "leave out /chat/completions"),
        ("OPENAI_API_KEY", "sk-1 sk-2", "copy it anew"),
        ("OPENAI_API_KEY", "“sk-1”", "copy it anew"),
        ("MAX_ANSWER", "15", "at least 16"),
        ("MAX_INPUT", "-1", "greater than or equal to 0"),
        ("REASONING", "loud", "'hidden' or 'quote'"),
        ("MODERATION", "on", "'off', 'openai' or 'words'"),
    ],
)
def test_what_the_model_is_asked_with_is_looked_at_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError, match=f"{name}: .*{told}") as raised:
        load(None)
    assert "sk-1" not in str(raised.value)
