"""Chinwag as a process of its own between the loopback servers, to be killed and started again on one database."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.platforms import discord as discord_
from tests.platforms.discord import MESSAGE_CONTENT, DiscordServer
from tests.platforms.model import ModelServer
from tests.platforms.telegram import Rates, TelegramServer
from tests.soak.questions import reply

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def servers() -> AsyncIterator[tuple[ModelServer, TelegramServer, DiscordServer]]:
    """The loopback servers, which refuse nothing for its speed."""
    limits = discord_.Limits.off()
    async with (
        ModelServer(reply, pace=0.01, chunk=40) as model,
        TelegramServer(rates=Rates.unlimited()) as telegram,
        DiscordServer(limits=limits, privileged=MESSAGE_CONTENT) as discord,
    ):
        yield model, telegram, discord


class Nest:
    """Where victims come from: one process that has imported everything and forks. One for many arenas."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.soak.victim"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def hatch(self, order: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=10)


@dataclass
class Arena:
    """kills: the unix times at which a process was killed, or was found to have killed itself.

    locks: whether the file system has any; without, every process is given every lock.
    """

    folder: Path
    nest: Nest
    model: ModelServer
    telegram: TelegramServer
    discord: DiscordServer
    settings: dict[str, str] = field(default_factory=dict)
    kills: list[float] = field(default_factory=list)
    locks: bool = True
    pid: int = 0

    @property
    def env(self) -> dict[str, str]:
        return {
            "DATA_DIR": str(self.folder),
            "OPENAI_BASE_URL": self.model.url,
            "OPENAI_MODEL": "loopback-model",
            "ACCESS": "open",
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_API_URL": self.telegram.url,
            "DISCORD_BOT_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "WEB_ENABLED": "false",
            **self.settings,
        }

    def start(self, step: str = "", nth: int = 1) -> None:
        """Start a process; with a step it kills itself there."""
        self.pid = self._hatch(step=step, nth=nth)

    async def back_up(self, step: str = "") -> None:
        """Let another process make a backup, to its end or to that step."""
        pid = self._hatch(step=step, backup=True)
        await self.until(lambda: not alive(pid), "the backup to end")

    def _hatch(self, *, step: str, nth: int = 1, backup: bool = False) -> int:
        order = {"env": self.env, "log": str(self.log), "quick": True, "locks": self.locks}
        return self.nest.hatch(order | {"step": step, "nth": nth, "backup": backup})

    async def up(self, timeout: float = 60.0) -> None:
        """Wait until both platforms are listened to, so that the events of users reach the process."""
        polls, sessions = self.telegram.updates, self.discord.gateway
        await self.until(lambda: polls.poll is not None and sessions.ready, "the process to listen", timeout)

    async def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        await self.ended()

    async def freeze(self) -> int:
        """Stop the process where it is, but for a transaction, in which nobody else could write. Returns its pid."""
        while True:
            os.kill(self.pid, signal.SIGSTOP)
            with closing(sqlite3.connect(self.folder / "chinwag.db", timeout=0, isolation_level=None)) as connection:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    return self.pid
                except sqlite3.OperationalError:
                    os.kill(self.pid, signal.SIGCONT)
            await asyncio.sleep(0.01)

    async def ended(self, timeout: float = 60.0) -> None:
        """Wait until the process has been killed, by us or by itself."""
        await self._gone(timeout)
        self.kills.append(time.time())

    async def stop(self) -> None:
        """End the process in order."""
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)
            await self._gone(15.0)

    def end(self) -> None:
        """Leave nothing running, however the test went."""
        if self.pid:
            self.put_down(self.pid)

    def put_down(self, pid: int) -> None:
        """Kill a process that may have ended already."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    async def _gone(self, timeout: float) -> None:
        await self.until(lambda: not alive(self.pid), "the process to end", timeout)
        self.pid = 0
        await asyncio.sleep(0)

    @property
    def taken(self) -> int:
        """How many messages were taken so far."""
        rows = self.rows("SELECT COUNT(*) AS all_ FROM inbox")
        return int(rows[0]["all_"]) if rows else 0

    async def settled(self, events: int, timeout: float = 60.0) -> None:
        """Wait until so many messages were taken and every one of them is answered."""
        await self.until(lambda: self._settled(events), f"{events} messages to be answered", timeout)

    def _settled(self, events: int) -> bool:
        rows = self.rows("SELECT COUNT(*) AS all_, SUM(state = 'done') AS done FROM inbox")
        return bool(rows) and rows[0]["all_"] >= events and rows[0]["all_"] == rows[0]["done"]

    def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """Look into the database from outside; nothing while there is none yet."""
        path = self.folder / "chinwag.db"
        if not path.exists():
            return []
        for left in reversed(range(50)):
            try:
                with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as connection:
                    connection.row_factory = sqlite3.Row
                    return [dict(row) for row in connection.execute(sql, params)]
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                if not left:
                    raise
                time.sleep(0.02)  # its -wal file is just being made, or emptied
        return []

    async def until(self, look: Callable[[], Any], what: str, timeout: float = 10.0) -> Any:
        deadline = time.monotonic() + timeout
        while not (found := look()):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout:g} s for {what}\n{self.said()}")
            if self.pid and not alive(self.pid) and what != "the process to end":
                raise AssertionError(f"the process ended while we waited for {what}\n{self.said()}")
            await asyncio.sleep(0.01)
        return found

    @property
    def log(self) -> Path:
        return self.folder / "chinwag.log"

    def said(self, most: int = 60) -> str:
        """The end of what the processes logged."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return "\n".join(lines[-most:])


def alive(pid: int) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
