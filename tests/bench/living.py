"""Start-up time, and memory: idle, and with 100 and 1000 answers being written at once."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import structlog

from core.hub import Hub
from core.model.endpoint import Endpoint
from core.model.reading import Patience
from core.settings import Settings
from core.store import Store
from core.types import Address, Author, Incoming
from tests.bench.whole import BOT, Platform
from tests.platforms.model import ModelServer

LIVE = (100, 1000)
TOGETHER = 50  # that begin at the same time; with more, a busy machine makes some wait too long for a connection
PATIENCE = Patience(connect=600, first=600, gap=600)  # with answers that are held for as long as it takes
HEAD = ("what", "seconds", "MB", "KB each")


def resident(pid: int) -> float:
    """Megabytes that a process has in memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


async def figures() -> list[dict[str, Any]]:
    """Rows with seconds to start, megabytes, and kilobytes for each live session."""
    async with ModelServer() as model:
        started = [await _started(model.url) for _ in range(3)]
    seconds, idle = (statistics.median(values) for values in zip(*started, strict=True))
    rows: list[dict[str, Any]] = [
        {"what": "start, until the page is served", "seconds": round(seconds, 2)},
        {"what": "idle, with the page", "MB": round(idle)},
    ]
    process = await asyncio.create_subprocess_exec(sys.executable, "-W", "ignore", "-m", __name__, stdout=PIPE)
    out, _ = await process.communicate()
    before, *after = [float(figure) for figure in out.split()]
    for live, megabytes in zip(LIVE, after, strict=True):
        each = round((megabytes - before) * 1024 / (live - 1))
        rows.append(
            {"what": f"{live} live sessions, with the model server's half", "MB": round(megabytes), "KB each": each}
        )
    return rows


async def _started(url: str) -> tuple[float, float]:
    """Seconds until the page is served, and megabytes five seconds later."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"DATA_DIR": folder, "OPENAI_BASE_URL": url, "WEB_PORT": "0"}
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-m", "bots", "run", env=os.environ | settings, stdout=PIPE
        )
        await _says(process, b"is running")
        seconds = time.monotonic() - began
        await asyncio.sleep(5)
        megabytes = resident(process.pid)
        process.terminate()
        await process.communicate()
    return seconds, megabytes


async def _says(process: Process, part: bytes) -> None:
    assert process.stdout
    while part not in (line := await process.stdout.readline()):
        assert line, "it ended"


async def _live() -> None:
    """Answers held in the middle, in this process, which is the model's server as well."""
    reply = "word " * 400
    with tempfile.TemporaryDirectory() as folder:
        async with ModelServer(reply=reply) as server:
            store = await Store.open(f"sqlite+aiosqlite:///{folder}/a.db")
            model = Endpoint(base_url=server.url, patience=PATIENCE)
            await model.start()
            hub = Hub(store, model, Settings(_env_file=None, access="open"))  # type: ignore[call-arg]
            hub.add(Platform("telegram"))
            gate = server.hold(after=200)
            await _ask(hub, 0)
            await gate.reached(1, timeout=30)
            print(resident(os.getpid()))
            for number in range(1, max(LIVE)):
                await _ask(hub, number)
                if (number + 1) % TOGETHER == 0:
                    await gate.reached(number + 1, timeout=120)
                if number + 1 in LIVE:
                    await asyncio.sleep(1)
                    print(resident(os.getpid()), flush=True)
            os._exit(0)


async def _ask(hub: Hub, number: int) -> None:
    address, author = Address("telegram", BOT, str(number), private=True), Author("telegram", str(number), "Ada")
    await hub.receive(Incoming(f"e{number}", address, author, "Tell me something long."))


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_live())
