"""Every setting, read once from the environment and `.env`. A bad value is refused with its name and an example.

The names are a contract (README has the same table). Secrets are `SecretStr`, so no log or error shows them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import SetupError

EXAMPLES = {
    "telegram_bot_token": "123456789:AAE...",
    "telegram_api_url": "https://api.telegram.org",
    "telegram_webhook_url": "https://bot.example.org/telegram",
    "telegram_webhook_secret": "letters, digits, _ and -",
    "discord_api_url": "https://discord.com/api/v10",
    "discord_gateway_url": "wss://gateway.discord.gg/",
    "openai_base_url": "http://127.0.0.1:11434/v1",
    "openai_fallback_models": "gpt-5-nano, gpt-4.1-mini",
    "local_model_path": "models/some-model.gguf",
    "data_dir": "data",
    "database_url": "sqlite+aiosqlite:///data/chinwag.db",
    "web_enabled": "true",
    "web_host": "127.0.0.1",
    "web_port": "8080",
    "metrics_enabled": "true",
    "access": "invite",
    "admins": "telegram:123, discord:456",
    "group_sessions": "shared",
    "group_order": "asker",
    "context_rounds": "20",
    "context_tokens": "6000",
    "context_summary": "auto",
    "answer_messages": "8",
    "stop_grace": "7",
    "requests_at_once": "32",
    "requests_per_endpoint": "8",
    "tokens_per_minute": "200000",
    "answer_cache_hours": "24",
    "model_choices": "gpt-5-mini, gpt-5",
    "max_input": "20000",
    "max_answer": "4000",
    "reasoning": "quote",
    "moderation": "words",
    "moderation_answers": "true",
    "redis_url": "redis://127.0.0.1:6379/0",
    "catch_up_hours": "24",
    "catch_up_messages": "20",
    "questions_per_minute": "30",
    "budget_day": "2.50",
    "budget_month": "50",
    "budget_user_day": "0.50",
    "budget_user_month": "5",
    "budget_chat_day": "1",
    "budget_chat_month": "10",
    "log_level": "info",
    "log_format": "json",
}

# How somebody finds their own id, for the platforms that ADMINS knows.
FIND_ID = {
    "telegram": "while ACCESS=invite the bot tells it to who is not let in yet: write to it",
    "discord": "switch on Developer Mode (User Settings, Advanced), right-click your name, Copy User ID",
    "web": "",
}


class Settings(BaseSettings):
    """The settings of one process. Build it with `load`, which turns every failure into one clear line."""

    # An empty value is no value: .env.example can be copied as it is. Some editors begin a file with a BOM.
    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8-sig", env_ignore_empty=True, extra="ignore", frozen=True
    )

    telegram_bot_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    telegram_webhook_url: str = ""
    telegram_webhook_secret: SecretStr = SecretStr("")

    discord_bot_token: SecretStr = SecretStr("")
    discord_api_url: str = "https://discord.com/api/v10"
    discord_gateway_url: str = "wss://gateway.discord.gg/"

    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = ""
    openai_model: str = ""
    openai_fallback_models: Annotated[tuple[str, ...], NoDecode] = ()
    model_choices: Annotated[tuple[str, ...], NoDecode] = ()
    local_model_path: Path | None = None

    data_dir: Path = Path("data")
    database_url: str = ""

    web_enabled: bool = True
    web_host: str = "127.0.0.1"
    web_port: int = Field(8080, ge=0, le=65535)
    metrics_enabled: bool = False

    access: Literal["invite", "open"] = "invite"
    admins: Annotated[tuple[str, ...], NoDecode] = ()
    group_sessions: Literal["shared", "per_user"] = "shared"
    group_order: Literal["asker", "session"] = "asker"

    # A round is a question with its answer. The tutorial's 5 forgets within one evening's chat; 20 rounds are
    # about 4,000 to 6,000 tokens of ordinary talk, which every model in use reads, and cost little.
    context_rounds: int = Field(20, ge=1)
    context_tokens: int = Field(6000, ge=256)
    context_summary: Literal["auto", "on", "off"] = "auto"

    # Eight messages are some 30,000 characters on Telegram: more than that is a document, not an answer in a chat.
    answer_messages: int = Field(8, ge=1)

    # Seconds. Docker kills ten seconds after it asked to stop, systemd after ninety; hanging up takes two more.
    stop_grace: float = Field(7.0, ge=0, le=3600)

    # Requests to the model at once, in all and to each endpoint; tokens a minute of each endpoint. 0: no limit.
    requests_at_once: int = Field(32, ge=0)
    requests_per_endpoint: int = Field(0, ge=0)
    tokens_per_minute: int = Field(0, ge=0)
    # Of one person; that many may come at once. 0: no limit. Nobody types thirty in a minute.
    questions_per_minute: int = Field(30, ge=0)

    # Characters of one question, and tokens of one answer. 0: no limit but the model's own. A page of a book has 2,000
    # characters; what is longer than ten of them is a file, and the model's window is smaller than many such.
    max_input: int = Field(20_000, ge=0)
    max_answer: int = Field(0, ge=0, le=100_000)
    reasoning: Literal["hidden", "quote"] = "hidden"

    moderation: Literal["off", "openai", "words"] = "off"
    moderation_answers: bool = False

    # Dollars that may be spent: by all together, by each person, in each group. None: no limit.
    budget_day: Decimal | None = Field(None, ge=0, le=10**9)
    budget_month: Decimal | None = Field(None, ge=0, le=10**9)
    budget_user_day: Decimal | None = Field(None, ge=0, le=10**9)
    budget_user_month: Decimal | None = Field(None, ge=0, le=10**9)
    budget_chat_day: Decimal | None = Field(None, ge=0, le=10**9)
    budget_chat_month: Decimal | None = Field(None, ge=0, le=10**9)

    # An answer is given again to the same prompt in the same chat. 0: never.
    answer_cache_hours: float = Field(0, ge=0, le=24 * 365)
    redis_url: SecretStr = SecretStr("")

    # What was said while Chinwag was off is answered when it is back, unless nobody waits for it any more. Telegram
    # keeps it for 24 hours; Discord keeps everything, and a channel has many messages. What was taken is known for a
    # week (`core.store.prune`), so no more than that is read back.
    catch_up_hours: float = Field(24.0, ge=0, le=168)
    catch_up_messages: int = Field(20, ge=0, le=100)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    # Where the settings were read from, for what may change while Chinwag runs.
    _env_file: Path | None = PrivateAttr(None)

    @property
    def env_file(self) -> Path | None:
        """The .env file that was read; None when there was none to look at."""
        return self._env_file

    @field_validator("admins", "openai_fallback_models", "model_choices", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("admins")
    @classmethod
    def _name_platforms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_admin(*admin.partition(":")) for admin in value)

    @field_validator("telegram_api_url", "discord_api_url", "openai_base_url", "discord_gateway_url", "database_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if value and "://" not in value:
            raise ValueError(f"{value!r} is not a URL")
        return value

    @field_validator("telegram_webhook_url")
    @classmethod
    def _is_reached_by_telegram(cls, value: str) -> str:
        if value and not re.match(r"https://[^\s/?#@]+/[^\s?#]+$", value):  # Bot API, setWebhook
            raise ValueError(f"{value!r} is not https://, a host that Telegram reaches, and a path")
        return value

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _is_a_secret_token(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", value.get_secret_value()):  # Bot API, setWebhook; never the value
            raise ValueError("it may have 256 letters, digits, _ and - at most")
        return value

    @field_validator("openai_base_url")
    @classmethod
    def _is_an_api(cls, value: str) -> str:
        if value and not re.match(r"https?://[^\s/?#]+[^\s?#]*$", value):  # never the value: it may hold a password
            raise ValueError("it is no address of an API: http:// or https://, a host, a path, and nothing else")
        if value.rstrip("/").endswith("/completions"):
            raise ValueError("leave out /chat/completions at its end: that is added")
        return value

    @field_validator("openai_api_key")
    @classmethod
    def _is_sent_in_a_header(cls, value: SecretStr) -> SecretStr:
        for key in value.get_secret_value().split(","):
            if not re.fullmatch(r"[!#-&(-~]*", key.strip()):  # never the key itself
                raise ValueError("a key has a blank, a quotation mark or a letter in it that no key has: copy it anew")
        return value

    @field_validator("max_answer")
    @classmethod
    def _is_enough_for_an_answer(cls, value: int) -> int:
        if 0 < value < 16:
            raise ValueError(f"{value} tokens are no answer: at least 16, or 0 for no limit")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_a_redis_url(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("it does not begin with redis://")  # never the value: it may hold a password
        return value

    @field_validator("telegram_api_url", "discord_api_url", "openai_base_url")
    @classmethod
    def _is_joined_with_a_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("data_dir", "local_model_path")
    @classmethod
    def _at_home(cls, value: Path | None) -> Path | None:
        return value.expanduser() if value else value

    @property
    def database(self) -> str:
        """DATABASE_URL, or the file in DATA_DIR."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'chinwag.db'}"

    @property
    def summaries(self) -> bool:
        """Whether old turns are folded into a summary. The embedded model would take minutes of both cores for it."""
        return self.context_summary == "on" or (self.context_summary == "auto" and not self.embedded)

    @property
    def embedded(self) -> bool:
        """Whether the small offline model answers: neither a key nor another endpoint is configured."""
        return not self.openai_api_key.get_secret_value() and not self.openai_base_url


def load(env_file: str | Path | None = ".env") -> Settings:
    """Read the settings. Raises SetupError with one line per bad value: its name, what is wrong, an example."""
    try:
        settings = Settings(_env_file=env_file)  # pyright: ignore[reportCallIssue]
        path = Path(env_file) if env_file is not None else None
        # A folder of that name (an old way to call a virtual environment) or a pipe is not read, now or later.
        settings._env_file = path if path is not None and (path.is_file() or not path.exists()) else None
        return settings
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_input=False, include_url=False):
            name = str(problem["loc"][0]) if problem["loc"] else "settings"
            reason = problem["msg"].removeprefix("Value error, ")
            example = f" (example: {name.upper()}={EXAMPLES[name]})" if name in EXAMPLES else ""
            lines.append(f"{name.upper()}: {reason}{example}")
        raise SetupError("\n".join(lines)) from None
    except UnicodeDecodeError as error:
        raise SetupError(f"{env_file} is not UTF-8 text ({error.reason}): save it as UTF-8") from None


def _admin(platform: str, _colon: str, id: str) -> str:
    """One entry of ADMINS, as messages name their author. Raises ValueError for what no author can ever match."""
    platform, id = platform.strip().lower(), id.strip()
    if platform not in FIND_ID or not id:
        raise ValueError(f"{f'{platform}:{id}'.strip(':')!r} is not a platform and an id")
    if platform != "web" and not (id.isascii() and id.isdecimal()):
        raise ValueError(f"{platform}:{id} can never match, an id there has only digits: {FIND_ID[platform]}")
    return f"{platform}:{id}"
