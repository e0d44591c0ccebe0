"""`python -m bots` as a process of its own, for tests."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from core.settings import Settings

ROOT = Path(__file__).parents[2]
TIMEOUT = 60.0


class Cli:
    """Runs `python -m bots` in a folder of its own, with nothing of our environment but what the test gives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        self.env |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "HOME": str(folder)}
        self._started: list[Process] = []

    async def start(self, *arguments: str, **settings: str) -> Process:
        command = [sys.executable, "-W", "ignore", "-m", "bots", *arguments]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, env=self.env | settings, stdout=PIPE, stderr=PIPE
        )
        self._started.append(process)
        return process

    async def run(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """The exit code, and all that was printed."""
        process = await self.start(*arguments, **settings)
        async with asyncio.timeout(TIMEOUT):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, (out + err).decode()

    async def end(self) -> None:
        for process in self._started:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def said(process: Process, part: str) -> str:
    """Everything that the process has printed up to the line with `part`."""
    assert process.stdout
    text = ""
    async with asyncio.timeout(TIMEOUT):
        while part not in text:
            line = (await process.stdout.readline()).decode()
            assert line, f"ended without {part!r}: {text}"
            text += line
    return text
