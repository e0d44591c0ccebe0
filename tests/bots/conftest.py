from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bots.cli import Cli


@pytest.fixture
async def cli(tmp_path: Path) -> AsyncIterator[Cli]:
    here = Cli(tmp_path)
    yield here
    await here.end()
