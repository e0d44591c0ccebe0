"""What `doctor` says about the database, its files, backups and disk. Beside a running Chinwag it only looks."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bots.backup import newest, readable
from bots.finding import Finding
from core.errors import SetupError
from core.settings import Settings
from core.store import Store
from core.store.checkpoint import size
from core.store.file import path_of
from core.store.lock import holder

ROOM = 200_000_000  # bytes: the -wal file may need 64 MB for a while, and a log or a download comes beside it
DAY = 24 * 3600.0


async def storage(settings: Settings, now: Callable[[], float] = time.time) -> AsyncIterator[Finding]:
    """Everything about where Chinwag keeps what must not be lost."""
    try:
        path = path_of(settings.database)
    except SetupError as error:
        yield Finding("database", "cannot be used", str(error))
        return
    if not path.exists():
        yield _new_database(path)
        return
    yield await _database(settings, path)
    yield _disk(path)
    yield _backup(settings, now())


async def _database(settings: Settings, path: Path) -> Finding:
    running = holder(path)
    try:
        if not running:  # otherwise it is open, and one more that writes would only be in the way
            store = await Store.open(settings.database)
            await store.close()
    except SetupError as error:
        return Finding("database", "cannot be used", str(error))
    wal = size(path.with_name(f"{path.name}-wal"))
    use = f"in use by {running}" if running else "opens"
    return Finding("database", f"{path} {use}; {readable(size(path))}, and {readable(wal)} on the way into it")


def _disk(path: Path) -> Finding:
    free = shutil.disk_usage(path.parent).free
    enough = max(ROOM, size(path))
    if free >= enough:
        return Finding("disk", f"{readable(free)} free")
    return Finding("disk", f"{readable(free)} free", f"make room for at least {readable(enough)}, or move DATA_DIR")


def _backup(settings: Settings, now: float) -> Finding:
    last = newest(settings)
    if last is None:
        return Finding("backup", "none in DATA_DIR/backups (.venv/bin/python -m bots backup makes one)")
    path, made = last
    days = int((now - made) / DAY)
    ago = "today" if days < 1 else f"{days} day{'' if days == 1 else 's'} ago"
    return Finding("backup", f"the last one was made {ago}: {path}")


def _new_database(path: Path) -> Finding:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK):
        return Finding("database", f"{path} will be created at the first start")
    return Finding(
        "database", f"{path} cannot be created", f"make {folder} writable, or set DATA_DIR to another folder"
    )
