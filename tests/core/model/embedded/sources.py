"""Loopback sources of weights: a file server that obeys Range and can break off, and a package index for pip."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from core.model.embedded.progress import Progress, SourceFailed
from core.model.embedded.weights import Source, Weights
from core.model.embedded.wheels import Wheel
from tests.platforms.closing import close

BYTES = bytes(range(256)) * 1200


def weights(*sources: Source, file: str = "small.gguf", content: bytes = BYTES, label: str = "Small") -> Weights:
    """Weights whose right bytes are `content`."""
    return Weights(label, file, len(content), hashlib.sha256(content).hexdigest(), sources)


@dataclass
class Scripted:
    """A source that delivers these bytes, or fails with this error. delivered: how often it was asked."""

    name: str = "scripted"
    content: bytes = BYTES
    error: Exception | None = None
    delivered: int = 0

    def peak(self, size: int) -> int:
        return size

    async def deliver(self, target: Path, size: int, progress: Progress) -> None:
        self.delivered += 1
        if self.error is not None:
            raise self.error
        target.write_bytes(self.content)


def failing(why: str, name: str = "scripted") -> Scripted:
    return Scripted(name, error=SourceFailed(why))


@dataclass
class Site:
    """What is served on 127.0.0.1. break_after: bytes after which one answer breaks off; asked: paths and ranges."""

    files: dict[str, bytes] = field(default_factory=dict)
    break_after: int | None = None
    ranges: bool = True
    status: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    runner: web.AppRunner | None = None

    async def __aenter__(self) -> Site:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.runner is not None
        await close(self.runner)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path, wanted = request.match_info["path"], request.headers.get("Range", "")
        self.asked.append((path, wanted))
        if self.status:
            return web.Response(status=self.status)
        if path not in self.files:
            return self.listing(path)
        content, start = self.files[path], 0
        if wanted and self.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(content) - start
        if start:
            response.headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        await response.prepare(request)
        if self.break_after is not None:
            await response.write(content[start : start + self.break_after])
            self.break_after = None
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(content[start:])
        return response

    def listing(self, path: str) -> web.Response:
        """PyPI's simple index (PEP 503) over the files in a folder."""
        folder = path.strip("/") + "/"
        names = [name.removeprefix(folder) for name in self.files if name.startswith(folder)]
        if not names:
            return web.Response(status=404)
        links = "".join(f'<a href="/{folder}{name}">{name}</a>' for name in names)
        return web.Response(text=f"<!DOCTYPE html><html><body>{links}</body></html>", content_type="text/html")


def wheel_of(project: str, piece: bytes) -> tuple[Wheel, str, bytes]:
    """A wheel with one piece of weights in it: its pin, its path in the index, its bytes."""
    stem = project.replace("-", "_")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{stem}/data/piece.bin", piece)
        archive.writestr(f"{stem}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n")
        archive.writestr(f"{stem}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{stem}-1.0.dist-info/RECORD", "")
    content = packed.getvalue()
    pin = Wheel(project, "1.0", len(content), hashlib.sha256(content).hexdigest(), "data/piece.bin")
    return pin, f"simple/{project}/{stem}-1.0-py3-none-any.whl", content
