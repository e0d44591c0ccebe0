"""A copy of the database while it is in use: one moment of it, whole, in one file. `bots.backup` calls it.

VACUUM INTO reads one snapshot, however long it takes and whatever is written meanwhile (SQLite's step-wise backup
begins anew with every commit of another process), and leaves out what was deleted. No writer waits for it.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from core.errors import SetupError
from core.store.file import CURES, unusable
from core.store.lock import lock_file

BUSY_SECONDS = 10.0
NAMED_BY_TIME = r"chinwag-\d{8}-\d{6}\.db"  # as `bots.backup` calls them
ABANDONED = 24 * 3600.0  # seconds: Windows, where nothing locks the part of a living backup


def back_up(path: Path, target: Path, *, force: bool = False) -> int:
    """Copy the database `path` to `target` and return the copy's size in bytes. Blocking.

    The copy is written under another name and gets its own when it is whole and on disk: killed in the middle, it
    leaves no half backup. Raises SetupError in one line; never replaces a file unless told to with `force`.
    """
    if not path.is_file():
        raise unusable(path, "is not there yet: there is nothing to back up before the first start")
    if target.exists() and (not force or target.samefile(path) or not target.is_file()):
        raise SetupError(_occupied(path, target))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with unfinished(target) as part:
            _copy(path, part)
            _sync(part)
            _name(part, target, force)
            _sync(target.parent)
            return target.stat().st_size
    except OSError as error:
        raise SetupError(
            f"The backup {str(target)!r} cannot be written ({error.strerror}): name another file"
        ) from None


def _occupied(path: Path, target: Path) -> str:
    if target.is_dir():
        return f"{str(target)!r} is a folder: name a file in it, such as {target / 'chinwag.db'}"
    if target.samefile(path):
        return f"{str(target)!r} is the database itself: name another file"
    return f"{str(target)!r} exists: name another file, or replace it with --force"


@contextlib.contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """An empty private file beside the target, gone afterwards. Those of backups that were killed are deleted first."""
    ours = re.compile(rf"(?:{NAMED_BY_TIME}|{re.escape(target.name)})\.\d+\.part")
    for left in target.parent.glob("*.part"):
        if ours.fullmatch(left.name):
            _delete_if_left(left)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    file = _made(part)
    try:
        yield part
    finally:
        if sys.platform != "win32":
            os.close(file)
        part.unlink(missing_ok=True)


def _made(part: Path) -> int:
    """The open file, locked for as long as it is: so others know that it is no leftover."""
    while True:
        file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        if sys.platform == "win32":  # where an open file cannot be renamed
            os.close(file)
            return file
        if lock_file(file) and part.exists():
            return file
        os.close(file)  # another has just taken it for a leftover
        part.unlink(missing_ok=True)


def _delete_if_left(part: Path) -> None:
    """What another user has left, say, stays: it is no reason to make no backup."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32" and time.time() - part.stat().st_mtime < ABANDONED:
            return
        file = os.open(part, os.O_RDWR)
        try:
            if lock_file(file):
                part.unlink(missing_ok=True)
        finally:
            os.close(file)


def _copy(path: Path, part: Path) -> None:
    source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    try:
        source.execute("VACUUM INTO ?", (str(part),))
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise SetupError(
                f"The backup does not fit on its disk ({error}): make room, or name another disk"
            ) from None
        raise unusable(path, CURES.get(code, f"cannot be read ({error})")) from None
    finally:
        source.close()


def _name(part: Path, target: Path, force: bool) -> None:
    """Give the whole file its name."""
    if force:
        os.replace(part, target)
        return
    try:
        os.link(part, target)  # unlike a rename it never replaces
    except FileExistsError:
        raise SetupError(_occupied(part, target)) from None
    except OSError:  # a file system without links
        if target.exists():
            raise SetupError(_occupied(part, target)) from None
        os.rename(part, target)


def _sync(path: Path) -> None:
    """Have it survive a power cut."""
    if path.is_dir() and sys.platform == "win32":  # which has no such thing for folders
        return
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)
