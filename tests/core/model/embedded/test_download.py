"""Weights over HTTP: whole, resumed, and every way in which a server may not have them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from aiohttp import web

from core.model.embedded.download import Download
from core.model.embedded.progress import Progress, SourceFailed
from tests.core.model.embedded.sources import BYTES, Site


async def deliver(site: Site, target: Path) -> Progress:
    progress = Progress()
    await Download(f"{site.url}/small.gguf").deliver(target, len(BYTES), progress)
    return progress


async def test_brings_the_file_and_counts_its_bytes(tmp_path: Path) -> None:
    async with Site({"small.gguf": BYTES}) as site:
        progress = await deliver(site, tmp_path / "small")
    assert (tmp_path / "small").read_bytes() == BYTES
    assert (progress.done, progress.total) == (len(BYTES), len(BYTES))


async def test_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    target = tmp_path / "small"
    async with Site({"small.gguf": BYTES}, break_after=100_000) as site:
        with pytest.raises(SourceFailed, match="the connection broke"):
            await deliver(site, target)
        kept = target.stat().st_size
        assert 0 < kept <= 100_000
        await deliver(site, target)
    assert target.read_bytes() == BYTES
    assert [wanted for _, wanted in site.asked] == ["", f"bytes={kept}-"]


async def test_begins_anew_where_the_server_knows_no_ranges(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"something else")
    async with Site({"small.gguf": BYTES}, ranges=False) as site:
        await deliver(site, tmp_path / "small")
    assert (tmp_path / "small").read_bytes() == BYTES


async def test_asks_for_nothing_when_everything_is_there(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(BYTES)
    async with Site() as site:
        await deliver(site, tmp_path / "small")
    assert site.asked == []


async def test_throws_away_what_is_too_long_to_be_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(BYTES + b"more")
    async with Site({"small.gguf": BYTES}) as site:
        await deliver(site, tmp_path / "small")
    assert (tmp_path / "small").read_bytes() == BYTES


@pytest.mark.parametrize(("content", "words"), [(BYTES[:-1], "another file"), (BYTES + b"!", "another file")])
async def test_refuses_a_file_of_another_size_before_loading_it(tmp_path: Path, content: bytes, words: str) -> None:
    async with Site({"small.gguf": content}) as site:
        with pytest.raises(SourceFailed, match=words):
            await deliver(site, tmp_path / "small")
    assert not (tmp_path / "small").exists()


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_says_what_the_server_answered(tmp_path: Path, status: int) -> None:
    async with Site(status=status) as site:
        with pytest.raises(SourceFailed, match=f"it answered {status}"):
            await deliver(site, tmp_path / "small")


async def test_says_that_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(SourceFailed, match="no connection"):
        await deliver(Site(url=url), tmp_path / "small")


async def test_does_not_wait_for_a_server_that_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.model.embedded.download.SILENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SourceFailed, match="does not answer"):
            await deliver(Site(url=url), tmp_path / "small")


def test_is_named_after_its_host() -> None:
    assert Download("https://example.org/a/b").name == "example.org"


async def test_does_not_mix_up_another_part_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(BYTES[:10])

    class Confused(Site):
        async def answer(self, request: web.Request) -> web.StreamResponse:
            return web.Response(status=206, body=BYTES[20:], headers={"Content-Range": "bytes 20-30/31"})

    async with Confused() as site:
        with pytest.raises(SourceFailed, match="another part"):
            await deliver(site, tmp_path / "small")
    assert (tmp_path / "small").read_bytes() == BYTES[:10]


async def test_stops_a_server_that_does_not_stop(tmp_path: Path) -> None:
    class Endless(Site):
        async def answer(self, request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(BYTES)

    async with Endless() as site:
        with pytest.raises(SourceFailed, match="more bytes"):
            await deliver(site, tmp_path / "small")
    assert (tmp_path / "small").stat().st_size <= len(BYTES)
