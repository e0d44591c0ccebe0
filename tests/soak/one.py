"""One kill in mid-answer, as the person in the chat sees it.

python -m tests.soak.one
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from pathlib import Path

from tests.soak.arena import Arena, Nest, servers
from tests.soak.checks import judge
from tests.soak.crowd import somebody

QUESTION = 12  # its answer has twelve sentences


async def one(platform: str, folder: Path) -> str:
    """What happened in the chat, a line each, with the kill where it was. Raises AssertionError when it went wrong."""
    nest = Nest()
    try:
        async with servers() as (model, telegram, discord):
            arena = Arena(folder, nest, model, telegram, discord)
            try:
                dana = somebody(arena, platform)
                model.pace = 0.15
                arena.start()
                await arena.up()
                await dana.ask(QUESTION)
                await arena.until(lambda: dana.screen() and dana.screen()[0].text.count(".") > 3, "some sentences")
                await arena.kill()
                before = dana.transcript().splitlines()
                await asyncio.sleep(1)
                began = time.monotonic()
                arena.start()
                await arena.settled(1)
                took = time.monotonic() - began
                verdict = judge(arena, [dana])
                assert verdict.flaws == verdict.orphans == [], verdict.told()
                after = dana.transcript().splitlines()[len(before) :]
                between = f"-- kill -9; a second later another process, which was done {took:.1f} s after its start"
                return "\n".join(map(_short, [*before, between, *after]))
            finally:
                arena.end()
    finally:
        nest.close()


def _short(line: str) -> str:
    """A long text is told by its length and its end."""
    return re.sub(r"'.*(.{40})'", lambda text: f"{len(text[0]) - 2} characters, to '…{text[1]}'", line)


if __name__ == "__main__":
    for name in ("telegram", "discord"):
        with tempfile.TemporaryDirectory() as path:
            print(f"{name}\n{asyncio.run(one(name, Path(path)))}\n")
