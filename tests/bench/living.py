"""Start-up time, and memory: idle, and with 100 and 1000 answers being written at once."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

from core.hub import Hub
from core.model.endpoint import Endpoint
from core.settings import Settings
from core.store import Store
from core.surface import Limits
from core.types import Address, Author, Incoming
from tests.core.live.fakes import FakeSurface
from tests.platforms.model import ModelServer

LIVE = (100, 1000)


class FakePlatform:
    """Shows answers to nobody."""

    name, bot, typing_every = "telegram", "1", 60.0

    def open(self, address: Address) -> FakeSurface:
        return FakeSurface(Limits(page=4096, budget=address.chat, rates=(), interval=1.0), round_trip=0.05)

    async def is_admin(self, address: Address, user: str) -> bool:
        return False


def resident(pid: int) -> float:
    """Megabytes that a process has in memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


async def figures() -> list[dict[str, Any]]:
    """Rows with seconds to start and megabytes."""
    async with ModelServer() as model:
        started = [await _started(model.url) for _ in range(3)]
    seconds, idle = (statistics.median(values) for values in zip(*started, strict=True))
    rows: list[dict[str, Any]] = [{"what": "start to a served page", "seconds": seconds}, {"what": "idle", "MB": idle}]
    process = await asyncio.create_subprocess_exec(sys.executable, "-W", "ignore", "-m", __name__, stdout=PIPE)
    out, _ = await process.communicate()
    before, *after = [float(figure) for figure in out.split()]
    for live, megabytes in zip(LIVE, after, strict=True):
        each = (megabytes - before) * 1024 / live
        rows.append({"what": f"{live} live answers, with the model server's half", "MB": megabytes, "KB each": each})
    return rows


async def _started(url: str) -> tuple[float, float]:
    """Seconds until the page is served, and megabytes five seconds later."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"DATA_DIR": folder, "OPENAI_BASE_URL": url, "WEB_PORT": "0", "PYTHONUNBUFFERED": "1"}
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
    """Answers held in the middle, in this process."""
    reply = "word " * 400
    with tempfile.TemporaryDirectory() as folder:
        async with ModelServer(reply=reply) as server:
            store = await Store.open(f"sqlite+aiosqlite:///{folder}/a.db")
            model = Endpoint(base_url=server.url)
            await model.start()
            hub = Hub(store, model, Settings(_env_file=None, access="open"))  # type: ignore[call-arg]
            hub.add(FakePlatform())
            gate = server.hold(after=200)
            await _ask(hub, 0)
            await gate.reached(1, timeout=30)
            print(resident(os.getpid()))
            asked = 1
            for live in LIVE:
                for number in range(asked, live):
                    await _ask(hub, number)
                asked = live
                await gate.reached(live, timeout=120)
                await asyncio.sleep(1)
                print(resident(os.getpid()), flush=True)
            os._exit(0)


async def _ask(hub: Hub, number: int) -> None:
    address, author = Address("telegram", "1", str(number)), Author("telegram", str(number), "Ada")
    await hub.receive(Incoming(f"e{number}", address, author, "Tell me something long."))


if __name__ == "__main__":
    asyncio.run(_live())
