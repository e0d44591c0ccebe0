"""One nest for all tests of a worker, one arena for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.soak.arena import Arena, Nest, servers


@pytest.fixture(scope="session")
def nest() -> Iterator[Nest]:
    nest = Nest()
    yield nest
    nest.close()


@pytest.fixture
async def arena(tmp_path: Path, nest: Nest) -> AsyncIterator[Arena]:
    async with servers() as (model, telegram, discord):
        arena = Arena(tmp_path, nest, model, telegram, discord)
        yield arena
        arena.end()
