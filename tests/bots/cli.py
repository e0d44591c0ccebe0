"""`python -m bots` as a process of its own, for tests."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio import subprocess
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path

from core.settings import Settings
from tests.bots.nest import Command, Nest

Process = subprocess.Process | Command
ROOT = Path(__file__).parents[2]
TIMEOUT = 60.0


class Cli:
    """Runs `python -m bots` in a folder of its own, with nothing of our environment but what the test gives.

    nest: where commands come from; without one each has an interpreter of its own.
    changed: other values of the program's constants, by module and name.
    """

    def __init__(self, folder: Path, nest: Nest | None = None) -> None:
        self.folder = folder
        self.changed: dict[str, float] = {}
        self._nest = nest
        self.env = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        self.env |= {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
        self._started: list[Process] = []

    async def start(self, *arguments: str, **settings: str) -> Process:
        process = await self._start(arguments, self.env | settings)
        self._started.append(process)
        return process

    async def _start(self, arguments: Sequence[str], env: dict[str, str]) -> Process:
        if self._nest is not None:
            return await self._nest.start(arguments, self.folder, env, self.changed)
        command = [sys.executable, "-W", "ignore", "-m", "bots", *arguments]
        return await asyncio.create_subprocess_exec(*command, cwd=self.folder, env=env, stdout=PIPE, stderr=PIPE)

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
