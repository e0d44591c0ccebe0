"""Weights over HTTP, from their publisher. What has arrived is kept, and a later attempt goes on from there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import aiohttp

from core.model.embedded.progress import Progress, SourceFailed

BLOCK = 2**20  # bytes per write, each in a thread: a slow disk does not stop the bots
CONNECT = 5.0  # seconds; where the publisher cannot be reached, the next source's turn comes soon
SILENCE = 60.0  # seconds without a byte


@dataclass(frozen=True, slots=True)
class Download:
    """One file at one URL."""

    url: str

    @property
    def name(self) -> str:
        return urlsplit(self.url).hostname or self.url

    def peak(self, size: int) -> int:
        return size

    async def deliver(self, target: Path, size: int, progress: Progress) -> None:
        have = await asyncio.to_thread(_kept, target, size)
        if have == size:
            return
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_connect=CONNECT, sock_read=SILENCE)
        headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                session.get(self.url, headers=headers) as response,
            ):
                start = _start(response, have, size)
                progress.done, progress.total = start, size
                await _save(response, target, start, progress)
        except TimeoutError:
            raise SourceFailed("it does not answer") from None
        except aiohttp.ClientConnectorError as error:
            raise SourceFailed(f"no connection ({error.strerror or 'no address'})") from None
        except aiohttp.ClientError as error:
            raise SourceFailed(f"the connection broke ({type(error).__name__})") from None
        if progress.done < size:
            raise SourceFailed("the connection broke")


def _kept(target: Path, size: int) -> int:
    """Bytes that an earlier attempt has left. More than the file has cannot be its beginning."""
    have = target.stat().st_size if target.exists() else 0
    return have if have <= size else 0


def _start(response: aiohttp.ClientResponse, have: int, size: int) -> int:
    """Where the body begins in the file. Raises when this cannot be the file that is wanted."""
    if response.status not in {200, 206}:
        raise SourceFailed(f"it answered {response.status}")
    start = have if response.status == 206 else 0
    if response.status == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        raise SourceFailed("it answered with another part of the file than was asked for")
    if response.content_length is not None and start + response.content_length != size:
        raise SourceFailed(f"it has another file ({start + response.content_length} bytes instead of {size})")
    return start


async def _save(response: aiohttp.ClientResponse, target: Path, start: int, progress: Progress) -> None:
    with target.open("r+b" if start else "wb") as file:
        file.seek(start)
        async for block in response.content.iter_chunked(BLOCK):
            if progress.done + len(block) > progress.total:
                raise SourceFailed("it sends more bytes than the file has")
            await asyncio.to_thread(_write, file, block)
            progress.done += len(block)


def _write(file: BinaryIO, block: bytes) -> None:
    file.write(block)
    file.flush()
