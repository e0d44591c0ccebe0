"""The database's file: found from the URL, made private, and every way it can be unusable said in one line.

Only `core.store.sqlite` uses it.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

from core.errors import SetupError, StoreError

PREFIXES = ("sqlite+aiosqlite:", "sqlite:")
EXAMPLE = "DATABASE_URL=sqlite+aiosqlite:///data/chinwag.db"
CURES = {
    sqlite3.SQLITE_NOTADB: "is not an SQLite database: move it away, or name another file",
    sqlite3.SQLITE_CORRUPT: "is damaged: put a backup in its place, or name another file",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: its folder must be writable too",
    sqlite3.SQLITE_READONLY: "cannot be written: make the file and its folder writable for this user",
    sqlite3.SQLITE_PERM: "cannot be written: make the file and its folder writable for this user",
    sqlite3.SQLITE_BUSY: "is in use by another program: stop that one first",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full: make room, or name a file on another disk",
    sqlite3.SQLITE_IOERR: "cannot be read or written, the disk reports an error: name a file on a healthy local disk",
}


def path_of(url: str) -> Path:
    """`sqlite+aiosqlite:///relative` or `sqlite+aiosqlite:////absolute`; the rest is taken as it is written."""
    scheme, _, rest = url.partition("//")
    if scheme not in PREFIXES:
        name = url.partition(":")[0]  # never the URL itself: it may hold a password
        raise SetupError(f"DATABASE_URL: {name!r} is not supported, only an SQLite file is today (example: {EXAMPLE})")
    if not rest.startswith("/") or "\0" in rest or rest in {"/", "/:memory:"}:
        raise SetupError(f"DATABASE_URL: {url!r} names no file; after sqlite: come three slashes (example: {EXAMPLE})")
    return Path(rest[1:])


def prepare(path: Path) -> None:
    """Make the folder and an empty file that only this user can read, unless they are there."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise unusable(path, "lies in something that is not a folder: name another place") from None
    except OSError as error:
        raise unusable(path, f"needs its folder, which cannot be made ({error.strerror})") from None
    try:
        _touch(path)
    except IsADirectoryError:
        raise unusable(path, f"is a folder: name a file in it, such as {path / 'chinwag.db'}") from None
    except PermissionError:
        raise unusable(path, CURES[sqlite3.SQLITE_PERM]) from None
    except OSError as error:
        raise unusable(path, f"cannot be opened ({error.strerror}): name another file") from None


def _touch(path: Path) -> None:
    # O_NONBLOCK: a pipe with nobody at its other end must not hold up the start.
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise unusable(path, "is not an ordinary file: name another one")
    finally:
        os.close(file)


def unusable(path: Path, why: str) -> SetupError:
    return SetupError(f"DATABASE_URL (or DATA_DIR): {str(path)!r} {why}")


def explained(path: Path, error: sqlite3.Error) -> SetupError:
    """What SQLite reports while it opens the file, with the cure."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
    return unusable(path, CURES.get(code, f"cannot be used ({error}): name another file"))


def unsaved(path: Path, error: BaseException) -> BaseException:
    """What SQLite raised for a write, as StoreError with the cure when it is the disk's or the file's fault."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    return StoreError(f"the database {str(path)!r} {CURES[code]}") if code in CURES else error
