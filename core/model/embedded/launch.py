"""Starting the child process that runs the embedded model, and knowing when it ends. The service calls `launch`."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import core
from core.errors import ChinwagError

LOADING = 600.0  # seconds; a large GGUF on a slow disk takes minutes
LAST_WORDS = 2.0  # seconds for a child that is ending
CGROUP_CPU = Path("/sys/fs/cgroup/cpu.max")


class LaunchFailed(ChinwagError):
    """The child did not start. The message is a clause for a note."""


@dataclass
class Server:
    """A child that answers at `url` to whoever has the `key`."""

    url: str
    key: str
    process: asyncio.subprocess.Process
    draining: list[asyncio.Task[None]] = field(default_factory=list)

    async def wait(self) -> int:
        """Until it has ended; its exit code, negative for a signal."""
        return await self.process.wait()

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        if self.draining:
            await asyncio.wait(self.draining, timeout=LAST_WORDS)
        for task in self.draining:
            task.cancel()


async def launch(path: Path, threads: int | None = None) -> Server:
    """Start the child and wait until the model is loaded. Raises LaunchFailed, with the reason, when it is not."""
    key, said = secrets.token_urlsafe(24), deque[str](maxlen=5)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.model.embedded.child"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": _python_path()},
    )
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    assert stdin is not None
    assert stdout is not None
    assert stderr is not None
    server = Server("", key, process, [asyncio.create_task(_drain(stderr, said))])
    try:
        order = {"path": str(path), "key": key, "threads": threads or default_threads(), "parent": os.getpid()}
        stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(LOADING):
            answer = await _answer(stdout)
        server.url = answer["url"]
    except BaseException as error:
        if isinstance(error, EOFError):  # it is ending by itself: a kill now would hide the code
            await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=LAST_WORDS)
        await server.stop()
        if isinstance(error, Exception):
            raise LaunchFailed(_reason(error, process.returncode, said, path)) from None
        raise
    server.draining.append(asyncio.create_task(_drain(stdout, said)))
    return server


def default_threads(cores: int | None = None) -> int:
    """All of two cores; of more, all but one, which is left to the bots (a thread that must wait stops them all)."""
    cores = cores or _cores()
    return cores if cores <= 2 else cores - 1


def _cores() -> int:
    """The cores that this process may use; in a container its share, which os.cpu_count does not know."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    try:
        quota, period = CGROUP_CPU.read_text().split()
        return max(1, min(usable, int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or "max": no limit
        return usable


async def _answer(stdout: asyncio.StreamReader) -> dict[str, str]:
    """The child's JSON line; lines that are none, from native code, are skipped. Raises EOFError when it dies first."""
    while line := await stdout.readline():
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(answer["error"])
        if isinstance(answer, dict) and "url" in answer:
            return answer
    raise EOFError


def _reason(error: Exception, code: int | None, said: deque[str], path: Path) -> str:
    if isinstance(error, TimeoutError):
        return f"{path.name} was not loaded within {LOADING / 60:.0f} minutes"
    if "Failed to init server" in str(error):  # all that llama.cpp's wrapper says
        return f"{path.name} could not be loaded: it is no GGUF of a known kind, or the memory is too small"
    if isinstance(error, RuntimeError):
        return str(error)
    if code == -signal.SIGILL:
        return "this processor lacks instructions that the prebuilt llama.cpp needs"
    if code == -signal.SIGKILL:
        return "the system killed it, most likely for want of memory"
    return f"it ended with code {code}" + (f" ({said[-1]})" if said else "")


async def _drain(stream: asyncio.StreamReader, said: deque[str]) -> None:
    """Keep the pipe empty, so that the child never waits for it, and its last lines for the log."""
    while line := await stream.readline():
        if text := line.decode(errors="replace").strip():
            said.append(text[:300])


def _python_path() -> str:
    root = str(Path(core.__file__).resolve().parent.parent)
    return os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
