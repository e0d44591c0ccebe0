"""`backup`: a copy of the database, also while Chinwag runs on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from core.settings import Settings
from core.store.backup import back_up
from core.store.file import path_of

FOLDER = "backups"  # in DATA_DIR


def backup(settings: Settings, file: Path | None, *, force: bool, now: Callable[[], float] = time.time) -> str:
    """Copy the database to `file`, or to a new one named after the time. Returns what was done; raises SetupError."""
    began = time.perf_counter()
    local = datetime.fromtimestamp(now(), UTC).astimezone()
    target = file or settings.data_dir / FOLDER / f"chinwag-{local:%Y%m%d-%H%M%S}.db"
    size = back_up(path_of(settings.database), target, force=force)
    return f"{target}: {readable(size)} in {time.perf_counter() - began:.1f} s"


def newest(settings: Settings) -> tuple[Path, float] | None:
    """The last backup in DATA_DIR and when it was made (unix seconds). Those that were put elsewhere are not known."""
    made = [(path, path.stat().st_mtime) for path in (settings.data_dir / FOLDER).glob("*.db")]
    return max(made, key=lambda one: one[1], default=None)


def readable(size: float) -> str:
    """Bytes, as a person reads them."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
