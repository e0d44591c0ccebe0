"""The command line as a process: every way it can fail to start says one clear line, and what runs ends in order."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from pathlib import Path

import pytest

from tests.bots.cli import TIMEOUT, Cli
from tests.platforms.model import ModelServer
from tests.platforms.telegram import TelegramServer


async def test_help_and_version(tmp_path: Path) -> None:
    cli = Cli(tmp_path)  # an interpreter of its own: what a user types
    code, text = await cli.run("--help")
    assert code == 0
    assert all(word in text for word in ("run", "doctor", "approve", "version"))
    assert re.fullmatch(r"chinwag \d+\.\d+\.\d+\n", (await cli.run("version"))[1])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"WEB_PORT": "http"}, "WEB_PORT"),
        ({"ACCESS": "everybody"}, "ACCESS"),
        ({"WEB_ENABLED": "false"}, "TELEGRAM_BOT_TOKEN"),
        ({"DATABASE_URL": "postgresql://nowhere/x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite+aiosqlite:///broken.db"}, "DATABASE_URL"),
        ({"DATA_DIR": "broken.db"}, "DATA_DIR"),
        ({"DATABASE_URL": "sqlite+aiosqlite:///."}, "DATABASE_URL"),
    ],
)
async def test_what_cannot_start_says_one_line_that_names_the_setting(
    cli: Cli, settings: dict[str, str], named: str
) -> None:
    (cli.folder / "broken.db").write_bytes(b"this is no database" * 1000)
    code, text = await cli.run("run", OPENAI_BASE_URL="http://127.0.0.1:9/v1", **settings)
    assert code == 2
    assert named in text
    assert "Traceback" not in text
    assert len([line for line in text.splitlines() if line and "Chinwag is starting" not in line]) <= 2


async def test_a_taken_port_is_named(cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, text = await cli.run("run", WEB_PORT=port, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert code == 2
    assert "WEB_PORT" in text
    assert port in text
    assert "Traceback" not in text


async def test_a_wrong_telegram_token_is_named_and_never_shown(cli: Cli) -> None:
    async with TelegramServer() as server:
        settings = {
            "TELEGRAM_BOT_TOKEN": "424242:notTheRightSecretAtAll",
            "TELEGRAM_API_URL": server.url,
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        }
        code, text = await cli.run("run", WEB_ENABLED="false", **settings)
        assert code == 2
        assert "TELEGRAM_BOT_TOKEN" in text
        assert "BotFather" in text
        assert "notTheRightSecretAtAll" not in text
        assert "Traceback" not in text
        code, text = await cli.run("doctor", WEB_PORT="0", **settings)
        assert code == 1
        assert "BotFather" in text
        assert "notTheRightSecretAtAll" not in text


async def test_one_platform_that_fails_does_not_stop_the_others_and_sigterm_ends_in_order(cli: Cli) -> None:
    async with TelegramServer() as server, ModelServer() as model:
        process = await cli.start(
            "run",
            TELEGRAM_BOT_TOKEN="424242:notTheRightSecretAtAll",
            TELEGRAM_API_URL=server.url,
            OPENAI_BASE_URL=model.url,
            WEB_PORT="0",
        )
        assert process.stdout
        lines: list[str] = []
        async with asyncio.timeout(TIMEOUT):
            while not any("is running" in line for line in lines):
                line = (await process.stdout.readline()).decode()
                assert line, lines
                lines.append(line)
        text = "".join(lines)
        assert re.search(r"web +http://127\.0\.0\.1:\d+/\?token=\S+", text)
        assert "telegram  not started" in text
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            assert await process.wait() == 0


async def test_doctor_with_nothing_configured(cli: Cli) -> None:
    code, text = await cli.run("doctor", WEB_PORT="0")
    assert code == 0, text
    for about in ("database", "telegram", "discord", "web", "model", "access"):
        assert about in text
    assert "offline model" in text
    assert not (cli.folder / "data").exists()  # it only looks


async def test_doctor_names_each_problem_with_its_cure(cli: Cli) -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as somebody_else:
        code, text = await cli.run(
            "doctor",
            TELEGRAM_BOT_TOKEN="1:aaaa",
            TELEGRAM_API_URL="http://127.0.0.1:9",
            DISCORD_BOT_TOKEN="bbbb",
            DISCORD_API_URL="http://127.0.0.1:9",
            OPENAI_BASE_URL="http://127.0.0.1:9/v1",
            WEB_PORT=str(somebody_else.sockets[0].getsockname()[1]),
        )
    assert code == 1
    assert len([line for line in text.splitlines() if "cure:" in line]) == 4
    assert "Traceback" not in text


async def test_doctor_reaches_what_is_there(cli: Cli) -> None:
    async with TelegramServer() as server, ModelServer() as model:
        code, text = await cli.run(
            "doctor",
            TELEGRAM_BOT_TOKEN=server.token,
            TELEGRAM_API_URL=server.url,
            OPENAI_BASE_URL=model.url,
            WEB_PORT="0",
        )
    assert code == 0, text
    assert f"@{server.bot.username} is reachable" in text


async def test_doctor_knows_when_nobody_could_let_anybody_in(cli: Cli) -> None:
    code, text = await cli.run("doctor", WEB_ENABLED="false")
    assert code == 1
    assert "ADMINS" in text


async def test_approving_an_unknown_code_says_so(cli: Cli) -> None:
    code, text = await cli.run("approve", "ABCD-EFGH")
    assert code == 1
    assert "unknown or has run out" in text


async def test_revoking_from_the_command_line_says_who_is_in(cli: Cli) -> None:
    code, text = await cli.run("revoke")
    assert (code, "Nobody is let in" in text) == (0, True)
    code, text = await cli.run("revoke", "telegram:123")
    assert (code, "Nobody is let in as “telegram:123”" in text) == (1, True)


async def test_doctor_knows_a_running_chinwag(cli: Cli) -> None:
    async with ModelServer() as model:
        process = await cli.start("run", OPENAI_BASE_URL=model.url, WEB_PORT="0")
        assert process.stdout
        async with asyncio.timeout(TIMEOUT):
            text = ""
            while "is running" not in text:
                text += (await process.stdout.readline()).decode()
        port = re.findall(r"127\.0\.0\.1:(\d+)/", text)[0]
        code, text = await cli.run("doctor", OPENAI_BASE_URL=model.url, WEB_PORT=port)
    assert code == 0, text
    assert "served by a running Chinwag" in text


async def test_a_proxy_that_a_library_cannot_use_stops_only_its_platform(cli: Cli) -> None:
    async with ModelServer() as model:
        process = await cli.start(
            "run", TELEGRAM_BOT_TOKEN="1:aaaa", HTTPS_PROXY="foo://x", OPENAI_BASE_URL=model.url, WEB_PORT="0"
        )
        assert process.stdout
        text = ""
        async with asyncio.timeout(TIMEOUT):
            while "is running" not in text:
                line = (await process.stdout.readline()).decode()
                assert line, text
                text += line
    assert "telegram  not started" in text
    assert "token=" in text


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"LOCAL_MODEL_PATH": "nowhere.gguf"}, "LOCAL_MODEL_PATH"),
        ({"OPENAI_BASE_URL": "http://user:hunter2@127.0.0.1:9"}, "OPENAI_BASE_URL"),
        ({"WEB_HOST": "a..b", "WEB_PORT": "8080"}, "WEB_HOST"),
    ],
)
async def test_doctor_on_odd_settings(cli: Cli, settings: dict[str, str], named: str) -> None:
    code, text = await cli.run("doctor", **{"WEB_PORT": "0", **settings})
    assert code == 1, text
    assert named in text
    assert "hunter2" not in text
    assert "Traceback" not in text
