"""`python -m bots` without its two seconds of imports: one process has imported everything, and forks for each command.

`Cli` starts commands from it. What it leaves out, a fresh interpreter, one test has all the same.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.forks import fork, prepare

ROOT = Path(__file__).parents[2]
PROGRAM = (
    *("bots.__main__", "bots.run", "bots.doctor", "bots.approve", "bots.backup", "bots.check"),
    *("bots.telegram", "bots.discord", "bots.web", "core.model.chat", "core.model.router", "uvicorn"),
)


class Command:
    """One command that runs: the part of `asyncio.subprocess.Process` that tests use."""

    def __init__(
        self, pid: int, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader, status: asyncio.StreamReader
    ) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None
        self._ended = asyncio.create_task(self._end(status))

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def communicate(self) -> tuple[bytes, bytes]:
        out, err, _ = await asyncio.gather(self.stdout.read(), self.stderr.read(), self.wait())
        return out, err

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def _end(self, status: asyncio.StreamReader) -> int:
        self.returncode = int(await status.readline())
        await status.read()
        return self.returncode


class Nest:
    """One for many tests, each with its event loop."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-W", "ignore", "-m", "tests.bots.nest", str(theirs.fileno())]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        theirs.close()

    async def start(
        self, arguments: Sequence[str], folder: Path, env: Mapping[str, str], changed: Mapping[str, Any]
    ) -> Command:
        """changed: other values of the program's constants, by module and name."""
        order = {"arguments": list(arguments), "folder": str(folder), "env": dict(env), "changed": dict(changed)}
        pipes = [os.pipe() for _ in range(3)]
        socket.send_fds(self._socket, [json.dumps(order).encode() + b"\n"], [there for _, there in pipes])
        for _, there in pipes:
            os.close(there)
        out, err, status = [await _reader(here) for here, _ in pipes]
        return Command(int(await status.readline()), out, err, status)

    def close(self) -> None:
        self._socket.close()
        self._process.wait(10)


async def _reader(file: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(file, "rb", 0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


# In the process that forks


def main() -> None:
    prepare(*PROGRAM)
    orders = socket.socket(fileno=int(sys.argv[1]))
    while order := _next(orders):
        text, files = order
        fork(partial(_keep, orders, text, *files))
        for file in files:
            os.close(file)


def _next(orders: socket.socket) -> tuple[bytes, list[int]] | None:
    text, files, _, _ = socket.recv_fds(orders, 1 << 16, 3)
    while text and not text.endswith(b"\n"):
        text += orders.recv(1 << 16)
    return (text, files) if text else None


def _keep(orders: socket.socket, text: bytes, out: int, err: int, status: int) -> int:
    """Have the command run, and say its pid and how it ended: it is no child of who waits for it."""
    orders.close()
    pid = fork(partial(_be, json.loads(text), out, err, status))
    os.close(out)
    os.close(err)
    with contextlib.suppress(BrokenPipeError):
        os.write(status, b"%d\n" % pid)
        _, ended = os.waitpid(pid, 0)
        os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended))
    return 0


def _be(order: dict[str, Any], out: int, err: int, status: int) -> int:
    """Be the command, to the end of its threads."""
    os.close(status)
    for file, number in ((out, 1), (err, 2)):
        os.dup2(file, number)
        os.close(file)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", 1, closefd=False)  # as Python does
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    os.chdir(order["folder"])
    random.seed()
    for name, value in order["changed"].items():
        module, _, constant = name.rpartition(".")
        setattr(import_module(module), constant, value)
    sys.argv = ["bots", *order["arguments"]]
    code: Any = 1
    try:
        sys.modules["bots.__main__"].app()
    except SystemExit as ended:
        code = ended.code or 0
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    return int(code)


if __name__ == "__main__":
    main()
