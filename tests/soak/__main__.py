"""`make soak`: 200 kills at random instants, and faults of all sorts.

`python -m tests.soak 50 7`: fifty, with seed 7. `python -m tests.soak.one`: one, edit by edit.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.arena import Arena, Nest, servers
from tests.soak.checks import Verdict
from tests.soak.crowd import crowd
from tests.soak.ordeal import Ordeal

KILLS = 200


async def soak(kills: int, seed: int, folder: Path) -> Verdict:
    nest = Nest()
    try:
        async with servers() as (model, telegram, discord):
            arena = Arena(folder, nest, model, telegram, discord)
            try:
                return await Ordeal(arena, crowd(arena), seed).run(kills)
            except AssertionError as error:
                return Verdict(lost=[str(error)])
            finally:
                arena.end()
    finally:
        nest.close()


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"soak: {kills} kills, 20 lanes, seed {seed}")
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="chinwag-soak-"))
    verdict = asyncio.run(soak(kills, seed, folder))
    print(f"{verdict.told()} in {time.monotonic() - began:.0f} s")
    if verdict.flaws:
        print(f"the database and the log are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
