"""One process at a time on a database: a lock of the operating system, which no way of dying can leave behind.

`bots.run` holds it while it serves, `backup` on the file it writes. Our own few lines, since the library for this
(filelock) empties the file that it locks, and so cannot say who holds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.errors import SetupError
from core.store.file import path_of, prepare, unusable

PREDECESSOR = 10.0  # seconds that one who is just stopping may take: what docker gives before it kills
LOOK = 0.1  # seconds between two tries
LOOK_AGAIN = 1.0  # seconds between two looks at a lock that is held
REGION = 1 << 30  # Windows: the byte that is locked, which nobody can read meanwhile, is far behind the text


class Lock:
    """Held until `release`, or until this process is gone."""

    def __init__(self, path: Path, file: int, token: str) -> None:
        self._path = path
        self._file = file
        self._token = token

    async def lost(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> str:
        """Wait until another process has it, which only happens when somebody deletes its file. Who: one line.

        Deleted, it is made anew at once; but a process that was frozen may come too late.
        """
        while self._file < 0 or _is(self._file, beside_of(self._path)) or self._anew():
            await sleep(LOOK_AGAIN)
        return (
            f"Another Chinwag ({_named(self._path)}) has taken over {str(self._path)!r}, whose lock file was deleted: "
            f"this one stops"
        )

    def _anew(self) -> bool:
        """Lock the file that is there now, or a new one. False when another process has locked it."""
        try:
            lock = _try(self._path, beside_of(self._path), self._token)
        except SetupError:  # neither we nor anybody else can make one: looked at again
            return True
        if lock is not None:
            os.close(self._file)
            self._file = lock._file
        # Ourselves: a file system that gives one file another number at each look.
        return lock is not None or self._token in (_written(self._path) or ())

    async def release(self) -> None:
        """Twice is harmless. The file stays: deleting it would let two processes lock two files of one name."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
            os.close(self._file)
        self._file = -1


async def only_process(
    url: str,
    say: Callable[[str], None],
    *,
    patience: float | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Lock:
    """The right to serve the database that `url` names. One who holds it has `patience` seconds to let go.

    Raises SetupError, one line that names the holder, when it does not.
    """
    path = path_of(url)
    prepare(path)
    beside = beside_of(path)
    patience = PREDECESSOR if patience is None else patience
    token = secrets.token_hex(8)  # two containers of one host name are both process 1
    tries = round(patience / LOOK)
    for attempt in range(tries + 1):
        if (lock := _try(path, beside, token)) is not None:
            return lock
        if attempt == 0 and tries:
            say(f"  {'database':<9} in use by {_named(path)}; waiting up to {patience:g} s for it to stop")
        if attempt < tries:
            await sleep(LOOK)
    raise SetupError(
        f"Another Chinwag ({_named(path)}) is running on {str(path)!r}: stop that one first, or give this one "
        f"a DATA_DIR of its own"
    )


def beside_of(path: Path) -> Path:
    """The lock's file. One database has one, by whatever link it is opened."""
    whole = path.resolve()
    return whole.with_name(f"{whole.name}.lock")


def holder(path: Path) -> str:
    """Who serves this database now, as a person would look for it; "" when nobody does."""
    said = _written(path)
    if said is None:
        return ""
    if len(said) < 2:  # it is about to write, or about to end
        return "another process"
    pid, host = said[:2]
    return f"process {pid}" + ("" if host == socket.gethostname() else f" on {host}")


def _written(path: Path) -> list[str] | None:
    """What the holder of the lock has written: its number, its host and its token. None when nobody holds it."""
    try:
        file = os.open(beside_of(path), os.O_RDWR)
    except OSError:
        return None
    try:
        if lock_file(file):
            return None
        return os.read(file, 400).decode(errors="replace").split()
    finally:
        os.close(file)


def lock_file(file: int) -> bool:
    """Lock an open file for as long as it stays open here. False when another has locked it; OSError: it cannot be."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, REGION, os.SEEK_SET)
            try:
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            finally:
                os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _try(path: Path, beside: Path, token: str) -> Lock | None:
    try:
        file = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unusable(path, f"needs {beside.name!r} beside it, which cannot be made ({error.strerror})") from None
    try:
        if not lock_file(file):
            os.close(file)
            return None
    except OSError as error:
        os.close(file)
        raise unusable(path, f"cannot be locked ({error.strerror}): name a file on a local disk") from None
    with contextlib.suppress(OSError):  # on a full disk we are not named, but safe
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()} {socket.gethostname()} {token}\n".encode())
    return Lock(path, file, token)


def _is(file: int, path: Path) -> bool:
    """Whether the open file is the one of that name: not when somebody has deleted it."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def _named(path: Path) -> str:
    return holder(path) or "another process"
