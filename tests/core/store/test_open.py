"""Opening: a new private file, or one line that says what is wrong, where, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import SetupError
from core.settings import Settings
from core.store import Store
from tests.core.store.conftest import LANE, Place, incoming, taken

NOBODY = 65534


async def refusal(url: str) -> str:
    with pytest.raises(SetupError) as caught:
        await (await Store.open(url)).close()
    message = str(caught.value)
    assert "\n" not in message
    assert "DATABASE_URL" in message
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:  # a refused database lets go of everything
            thread.join(5)
            assert not thread.is_alive()
    return message


def url_of(path: Path | str) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder, and the rights of an ordinary user in it: root may write anywhere, so root's tests step down."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    if root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        for inner in folder.rglob("*"):
            inner.chmod(0o700)
        folder.chmod(0o700)
        shutil.rmtree(folder)


async def test_a_new_database_is_private(place: Place) -> None:
    before = os.umask(0)
    try:
        store = await place.open()
        await taken(store)
    finally:
        os.umask(before)
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in place.path.parent.iterdir()}
    assert files == {"chinwag.db": 0o600, "chinwag.db-wal": 0o600, "chinwag.db-shm": 0o600}
    assert stat.S_IMODE(place.path.parent.stat().st_mode) == 0o700


async def test_what_was_committed_survives_a_power_cut_by_sqlites_own_word(store: Store) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    rows = await store.db.write(lambda tx: _fetch_all(tx, pragmas))
    assert rows == ["wal", 2, 1]  # 2: FULL, an fsync with every commit


async def _fetch_all(tx, pragmas):  # type: ignore[no-untyped-def]
    return [(await tx.fetch(f"PRAGMA {pragma}"))[0][pragma] for pragma in pragmas]


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await store.db.read("DELETE FROM inbox")


async def test_the_default_setting_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("DATA_DIR", raising=False)
    store = await Store.open(Settings(_env_file=None).database)
    await store.close()
    assert (tmp_path / "data" / "chinwag.db").is_file()


@pytest.mark.parametrize("name", ["with space", "per%20cent", "ques?tion", "ha#sh", "名", "file:x", "a/b/c/d"])
async def test_a_path_is_taken_as_it_is_written(tmp_path: Path, name: str) -> None:
    store = await Store.open(url_of(tmp_path / name / "x.db"))
    await store.close()
    assert (tmp_path / name / "x.db").is_file()


def test_a_process_that_dies_with_its_store_open_ends(tmp_path: Path) -> None:
    code = f"""
import asyncio
from core.store import Store
async def main():
    store = await Store.open({url_of(tmp_path / "x.db")!r})
    await store.values.set("a", "b")
    raise SystemExit(7)
asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], timeout=30, capture_output=True)
    assert ended.returncode == 7, ended.stderr


async def test_closing_leaves_one_whole_file(place: Place) -> None:
    store = await place.open()
    await store.inbox.accept(incoming("kept"), LANE)
    await store.close()
    await store.close()
    assert [file.name for file in place.path.parent.iterdir()] == ["chinwag.db"]
    copy = place.path.with_name("copy.db")
    shutil.copy(place.path, copy)
    copied = await Store.open(url_of(copy))
    assert await copied.inbox.waiting() == [LANE]
    await copied.close()


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "mysql", "redis"])
async def test_an_engine_that_is_not_supported(scheme: str) -> None:
    message = await refusal(f"{scheme}://bo:hunter2@db.example.org/chinwag")
    assert repr(scheme) in message
    assert "sqlite+aiosqlite:///data/chinwag.db" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("rest", ["", "/", "//", "///", "///:memory:", "//relative.db", "///a\0b"])
async def test_a_url_that_names_no_file(rest: str) -> None:
    assert "sqlite+aiosqlite:///data/chinwag.db" in await refusal(f"sqlite+aiosqlite:{rest}")


async def test_a_folder_in_its_place(tmp_path: Path) -> None:
    assert f"{str(tmp_path)!r} is a folder" in await refusal(url_of(tmp_path))


async def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    for path in (tmp_path / "data" / "x.db", tmp_path / "data" / "deeper" / "x.db"):
        assert f"{str(path)!r} lies in something that is not a folder" in await refusal(url_of(path))


async def test_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_text("Dear diary, " * 100)
    assert f"{str(path)!r} is not an SQLite database" in await refusal(url_of(path))
    assert path.read_text().startswith("Dear diary")


async def test_another_programs_database(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE sessions (id)")
    other.close()
    assert "another program's database" in await refusal(url_of(path))
    with sqlite3.connect(path) as other:
        assert [name for (name,) in other.execute("SELECT name FROM sqlite_master")] == ["sessions"]
    other.close()


@pytest.mark.parametrize("device", ["/dev/null", "pipe"])
async def test_something_that_is_not_a_file(tmp_path: Path, device: str) -> None:
    path = Path(device) if device.startswith("/") else tmp_path / device
    if device == "pipe":
        os.mkfifo(path)
    assert "is not an ordinary file" in await refusal(url_of(path))


async def filled(place: Place) -> None:
    store = await place.open()
    for n in range(50):
        await store.inbox.accept(incoming("x" * 2000, f"{n}"), LANE)
    await place.close()


@pytest.mark.parametrize("keep", [100, 4096, 0.3, 0.9])
async def test_a_file_that_was_cut_off(place: Place, keep: float) -> None:
    await filled(place)
    content = place.path.read_bytes()
    place.path.write_bytes(content[: int(keep if keep > 1 else len(content) * keep)])
    message = await refusal(place.url)
    assert "is damaged" in message or "is not an SQLite database" in message


async def test_a_file_whose_pages_are_garbage(place: Place) -> None:
    await filled(place)
    content = bytearray(place.path.read_bytes())
    content[200:4096] = os.urandom(3896)
    place.path.write_bytes(content)
    assert "is damaged" in await refusal(place.url)


async def test_a_database_that_somebody_else_has_locked(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.store.sqlite.BUSY_SECONDS", 0.01)
    await filled(place)
    other = sqlite3.connect(place.path, isolation_level=None)
    try:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert "is in use by another program" in await refusal(place.url)
    finally:
        other.close()


async def test_a_file_that_may_not_be_read(unprivileged: Path) -> None:
    path = unprivileged / "x.db"
    await (await Store.open(url_of(path))).close()
    for mode in (0o000, 0o400):
        path.chmod(mode)
        assert f"{str(path)!r} cannot be written: make the file" in await refusal(url_of(path))


async def test_a_folder_that_may_not_be_written(unprivileged: Path) -> None:
    path = unprivileged / "x.db"
    unprivileged.chmod(0o500)
    assert "folder writable" in await refusal(url_of(path))
    assert "cannot be made" in await refusal(url_of(unprivileged / "data" / "x.db"))


async def test_a_good_file_in_a_folder_that_may_not_be_written(unprivileged: Path) -> None:
    path = unprivileged / "x.db"
    await (await Store.open(url_of(path))).close()
    unprivileged.chmod(0o500)
    message = await refusal(url_of(path))
    assert f"{str(path)!r} cannot be" in message
    assert "folder" in message


async def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    assert "too long" in (await refusal(url_of(tmp_path / ("x" * 300)))).lower()
    assert "too long" in (await refusal(url_of(tmp_path / ("x" * 300) / "x.db"))).lower()
