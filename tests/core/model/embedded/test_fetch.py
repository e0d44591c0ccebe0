"""Which weights end up on the disk: the best that any source delivers with exactly the right bytes."""

from __future__ import annotations

import asyncio
import errno
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from core.model.embedded.download import Download
from core.model.embedded.fetch import FetchFailed, fetch
from core.model.embedded.progress import Progress
from tests.core.model.embedded.sources import BYTES, Scripted, Site, failing, weights


class Usage(NamedTuple):
    total: int
    used: int
    free: int


async def test_takes_the_first_source_that_delivers(tmp_path: Path) -> None:
    first, second, third = failing("it answered 404"), Scripted(), Scripted()
    chosen, file = await fetch([weights(first, second, third)], tmp_path, Progress())
    assert (chosen.label, file) == ("Small", tmp_path / "small.gguf")
    assert file.read_bytes() == BYTES
    assert (first.delivered, second.delivered, third.delivered) == (1, 1, 0)


async def test_a_second_start_downloads_nothing(tmp_path: Path) -> None:
    source = Scripted()
    for _ in range(2):
        await fetch([weights(source)], tmp_path, Progress())
    assert source.delivered == 1


async def test_two_starts_at_once_download_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.model.embedded.fetch.LOOK", 0.01)
    go, waiting = asyncio.Event(), Progress()

    class Slow(Scripted):
        async def deliver(self, target: Path, size: int, progress: Progress) -> None:
            await go.wait()
            await super().deliver(target, size, progress)

    source = Slow()
    first = asyncio.create_task(fetch([weights(source)], tmp_path, Progress()))
    await asyncio.sleep(0.02)
    second = asyncio.create_task(fetch([weights(source)], tmp_path, waiting))
    await asyncio.sleep(0.03)
    assert "Another Chinwag" in waiting.what
    go.set()
    assert (await first)[1] == (await second)[1]
    assert (source.delivered, waiting.what) == (1, "")


async def test_wrong_bytes_are_thrown_away_and_the_next_source_is_asked(tmp_path: Path) -> None:
    wrong, right = Scripted(content=b"x" * len(BYTES)), Scripted()
    _, file = await fetch([weights(wrong, right)], tmp_path, Progress())
    assert file.read_bytes() == BYTES
    assert (wrong.delivered, right.delivered) == (1, 1)


async def test_a_broken_file_under_the_final_name_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "small.gguf").write_bytes(BYTES[:-1] + b"?")
    _, file = await fetch([weights(Scripted())], tmp_path, Progress())
    assert file.read_bytes() == BYTES


async def test_the_fall_back_comes_when_no_source_delivers_the_first_choice(tmp_path: Path) -> None:
    best = weights(failing("it answered 404", "one"), Scripted(content=b"wrong"), file="best.gguf", label="Best")
    chosen, file = await fetch([best, weights(Scripted())], tmp_path, Progress())
    assert chosen.label == "Small"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".parts", "small.gguf"]
    assert file.read_bytes() == BYTES


async def test_a_fall_back_on_the_disk_is_used_at_once(tmp_path: Path) -> None:
    slow = Scripted()
    await fetch([weights(Scripted())], tmp_path, Progress())
    chosen, _ = await fetch([weights(slow, file="best.gguf", label="Best"), weights()], tmp_path, Progress())
    assert (chosen.label, slow.delivered) == ("Small", 0)


async def test_the_failure_names_every_source_and_leaves_no_file(tmp_path: Path) -> None:
    choices = [
        weights(failing("it answered 404", "one"), file="best.gguf"),
        weights(Scripted("two", content=b"x"), Scripted("three", error=OSError(errno.ENOSPC, "No space left"))),
    ]
    with pytest.raises(FetchFailed) as caught:
        await fetch(choices, tmp_path, Progress())
    assert "one: it answered 404; two: it has other bytes than expected (wrong hash); three: the disk is full" in str(
        caught.value
    )
    assert [path.name for path in tmp_path.iterdir()] == [".parts"]


async def test_a_full_disk_is_seen_before_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 10**6))
    source = Scripted()
    with pytest.raises(FetchFailed, match="DATA_DIR has 1 MB free and 67 MB are needed"):
        await fetch([weights(source)], tmp_path, Progress())
    assert source.delivered == 0


async def test_an_interrupted_download_goes_on_at_the_next_start(tmp_path: Path) -> None:
    async with Site({"small.gguf": BYTES}, break_after=150_000) as site:
        choices = [weights(Download(f"{site.url}/small.gguf"))]
        with pytest.raises(FetchFailed, match="the connection broke"):
            await fetch(choices, tmp_path, Progress())
        assert not (tmp_path / "small.gguf").exists()
        _, file = await fetch(choices, tmp_path, Progress())
    assert file.read_bytes() == BYTES
    assert site.asked[1][1].startswith("bytes=")


async def test_a_resumed_download_with_a_wrong_beginning_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / ".parts").mkdir()
    (tmp_path / ".parts" / "small.gguf").write_bytes(b"x" * 1000)
    async with Site({"small.gguf": BYTES}) as site:
        choices = [weights(Download(f"{site.url}/small.gguf"))]
        with pytest.raises(FetchFailed, match="wrong hash"):
            await fetch(choices, tmp_path, Progress())
        _, file = await fetch(choices, tmp_path, Progress())
    assert file.read_bytes() == BYTES
