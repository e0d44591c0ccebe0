"""The real thing: SmolLM2 fetched, llama.cpp's server in a child, an answer. 98 MB, kept for the next run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from core.errors import ContextTooLong
from core.model.embedded.fetch import FetchFailed, fetch
from core.model.embedded.launch import Server, launch
from core.model.embedded.progress import Progress
from core.model.embedded.service import Embedded
from core.model.embedded.weights import SMOL
from tests.patience import PATIENCE

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[4]
KEPT = Path(os.environ.get("CHINWAG_TEST_MODELS") or ROOT / "build" / "models")


@pytest.fixture
async def smol() -> Path:
    """SmolLM2's file: kept from an earlier run, or fetched now."""
    try:
        return (await fetch([SMOL], KEPT, Progress()))[1]
    except FetchFailed as error:
        pytest.skip(f"SmolLM2 is not in {KEPT} and cannot be fetched: {error}")


@pytest.fixture
async def server(smol: Path) -> AsyncIterator[Server]:
    server = await launch(smol, 1)
    yield server
    await server.stop()


async def test_a_real_model_streams_an_answer(smol: Path) -> None:
    model = Embedded(KEPT, choices=[SMOL])
    await model.start()
    asked = [SystemMessage("Answer in one sentence."), HumanMessage("What is the capital of France?")]
    deltas = [delta async for delta in model.stream(asked)]
    assert "Paris" in "".join(delta.text for delta in deltas)
    assert len(deltas) > 3
    assert deltas[-1].finish in {"stop", "length"}
    assert deltas[-1].usage is not None
    assert deltas[-1].usage.prompt > 5
    assert model.status().name == "small offline model (SmolLM2 135M)"
    await model.close()


async def test_a_conversation_that_is_too_long_is_said(smol: Path) -> None:
    model = Embedded(KEPT, path=smol)
    await model.start()
    with pytest.raises(ContextTooLong, match="exceeds the available context size"):
        async for _ in model.stream([HumanMessage("word " * 6000)]):
            pass
    await model.close()


async def test_nobody_else_on_the_machine_may_use_it(server: Server) -> None:
    async with aiohttp.ClientSession() as http:
        asked = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        async with http.post(f"{server.url}/v1/chat/completions", json=asked) as answer:
            assert answer.status == 401
        headers = {"Authorization": f"Bearer {server.key}", "Origin": "http://evil.example"}
        async with http.post(f"{server.url}/v1/chat/completions", json=asked, headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers.get("Access-Control-Allow-Origin") in {None, ""}
        async with http.get(f"{server.url}/slots", headers=headers) as answer:
            assert answer.status != 200
    assert server.url.startswith("http://127.0.0.1:")


async def test_it_ends_when_its_stdin_does(server: Server) -> None:
    assert server.process.stdin is not None
    server.process.stdin.close()
    async with asyncio.timeout(PATIENCE):
        assert await server.wait() == 0


def test_it_ends_when_nobody_hears_that_it_is_ready(smol: Path) -> None:
    order = {"path": str(smol), "key": "k", "threads": 1, "parent": os.getpid()}
    command = [sys.executable, "-m", "core.model.embedded.child"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(order).encode() + b"\n")
    child.stdout.close()
    child.stdin.close()
    assert child.wait(timeout=PATIENCE) == 0


PARENT = """
import asyncio, sys
from pathlib import Path
from core.model.embedded import launch

create = asyncio.create_subprocess_exec

async def told(*args, **options):
    process = await create(*args, **options)
    print(process.pid, flush=True)
    return process

async def main():
    asyncio.create_subprocess_exec = told
    await launch.launch(Path(sys.argv[1]), 1)
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("when", ["loading", "ready"])
async def test_it_dies_with_a_parent_that_is_killed(smol: Path, when: str) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(smol)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    if when == "ready":
        assert await parent.stdout.readline() == b"ready\n"
    assert alive(child)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    async with asyncio.timeout(PATIENCE):
        while alive(child):
            await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie, which only waits to be counted, does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
