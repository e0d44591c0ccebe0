"""Getting the weights onto the disk: the best that can be had, from the first source that delivers the right bytes.

The embedded model calls `fetch` at every start; when the file is there, it is only checked. Half-written files live
in `.parts`; under its final name a file is whole or not there.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import structlog

from core.errors import ChinwagError
from core.model.embedded.hashes import has_hash
from core.model.embedded.progress import Progress, SourceFailed, reason
from core.model.embedded.weights import Source, Weights

LOOK = 0.5  # seconds between two tries for the lock
MARGIN = 64 * 2**20  # bytes left free for the database and the logs

log = structlog.get_logger(__name__)


class FetchFailed(ChinwagError):
    """No source delivered the weights. The message is one sentence for a note."""


async def fetch(choices: Sequence[Weights], directory: Path, progress: Progress) -> tuple[Weights, Path]:
    """The first of `choices` that is on the disk, else the first that can be brought there; and its file.

    Raises FetchFailed when no source delivers any, OSError when `directory` cannot be written.
    """
    parts = directory / ".parts"
    parts.mkdir(parents=True, exist_ok=True)
    async with _alone(parts / "lock", progress):
        for weights in choices:
            if await asyncio.to_thread(has_hash, directory / weights.file, weights.size, weights.sha256):
                return weights, directory / weights.file
        failures: list[str] = []
        for weights in choices:
            for source in weights.sources:
                try:
                    await _bring(weights, source, directory / weights.file, parts, progress)
                    return weights, directory / weights.file
                except (SourceFailed, OSError) as error:
                    failures.append(f"{source.name}: {reason(error)}")
                    log.warning("weights not delivered", weights=weights.label, source=source.name, why=reason(error))
                finally:
                    progress.clear()
    raise FetchFailed(f"its weights could not be downloaded ({'; '.join(dict.fromkeys(failures))})")


async def _bring(weights: Weights, source: Source, file: Path, parts: Path, progress: Progress) -> None:
    progress.what = f"Downloading {weights.label} from {source.name}."
    _check_room(parts, source.peak(weights.size))
    arriving = parts / weights.file
    await source.deliver(arriving, weights.size, progress)
    progress.what = f"Checking {weights.label}."
    if not await asyncio.to_thread(has_hash, arriving, weights.size, weights.sha256):
        arriving.unlink()
        raise SourceFailed("it has other bytes than expected (wrong hash)")
    await asyncio.to_thread(_keep, arriving, file)
    log.info("weights ready", weights=weights.label, source=source.name)


def _check_room(parts: Path, peak: int) -> None:
    """Raise when the disk will not hold what is to come, beside what is there from earlier attempts."""
    have = sum(file.stat().st_size for file in parts.rglob("*") if file.is_file())
    need, free = max(0, peak - have) + MARGIN, shutil.disk_usage(parts).free
    if free < need:
        raise SourceFailed(f"DATA_DIR has {free / 1e6:.0f} MB free and {need / 1e6:.0f} MB are needed")


def _keep(arriving: Path, file: Path) -> None:
    with arriving.open("rb+") as content:
        os.fsync(content.fileno())
    arriving.replace(file)


@asynccontextmanager
async def _alone(path: Path, progress: Progress) -> AsyncIterator[None]:
    """Only one process downloads into one directory; another waits, and then finds the file."""
    with path.open("ab") as lock:
        while not _locked(lock):
            progress.what = "Another Chinwag is downloading the model into the same DATA_DIR."
            await asyncio.sleep(LOOK)
        progress.clear()
        yield  # closing the file gives the lock back, and so does the death of this process


def _locked(lock: BinaryIO) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
