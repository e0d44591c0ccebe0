"""A backup is one moment of the database, whole, whatever is going on, or it is not there."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import SetupError
from core.store import Store
from core.store.backup import back_up, unfinished
from core.store.check import check
from core.store.lock import lock_file
from tests.core.store.conftest import KEY, LANE, Place, answered, incoming

ROOT = Path(__file__).parents[3]
SLOWLY = """
import sys, sqlite3, time
from pathlib import Path
from core.store import backup
copy = backup._copy
def slowly(path, part):
    copy(path, part)
    print(part, flush=True)
    time.sleep(60)
backup._copy = slowly
backup.back_up(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "copy.db"


async def filled(place: Place, turns: int = 3) -> Store:
    store = await place.open()
    session = await store.sessions.current(KEY)
    for n in range(turns):
        await answered(store, session.id, f"question {n}")
    return store


def faults(path: Path) -> list[str]:
    return [finding.text for finding in check(path) if finding.cure]


async def questions(path: Path) -> list[str]:
    store = await Store.open(f"sqlite+aiosqlite:///{path}")
    session = await store.sessions.current(KEY)
    turns = await store.turns.all(session.id)
    await store.close()
    return [turn.question for turn in turns]


async def test_a_copy_beside_an_open_database_is_whole_private_and_one_file(place: Place, target: Path) -> None:
    await filled(place)
    size = back_up(place.path, target)
    assert size == target.stat().st_size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    assert [file.name for file in target.parent.iterdir()] == ["copy.db"]
    assert faults(target) == []
    assert [file.name for file in target.parent.iterdir()] == ["copy.db"]
    assert await questions(target) == ["question 0", "question 1", "question 2"]


async def test_restored_it_is_the_database(place: Place, target: Path) -> None:
    store = await filled(place)
    await store.inbox.accept(incoming("waiting", "e1"), LANE)
    back_up(place.path, target)
    await answered(store, (await store.sessions.current(KEY)).id, "after the backup")
    await place.close()
    shutil.rmtree(place.path.parent)
    place.path.parent.mkdir()
    shutil.copy(target, place.path)
    restored = await place.restart()
    assert await restored.inbox.waiting() == [LANE]
    assert await restored.inbox.accept(incoming("waiting", "e1"), LANE) is None
    assert await questions(place.path) == ["question 0", "question 1", "question 2"]


async def test_under_load_it_is_one_moment_and_nobody_waits_for_it(place: Place, target: Path) -> None:
    store = await filled(place)
    written = 0

    async def write() -> None:
        nonlocal written
        while True:
            await asyncio.gather(*(store.inbox.accept(incoming("x" * 500), LANE) for _ in range(20)))
            written += 20

    writer = asyncio.create_task(write())
    for n in range(5):
        before = written
        await asyncio.to_thread(back_up, place.path, target.with_name(f"{n}.db"))
        while written == before:
            await asyncio.sleep(0.001)
    writer.cancel()
    await asyncio.wait([writer])
    counts = []
    for n in range(5):
        path = target.with_name(f"{n}.db")
        assert faults(path) == []
        with closing(sqlite3.connect(path)) as db:
            counts.append(db.execute("SELECT COUNT(*) FROM inbox").fetchone()[0])
    assert counts == sorted(counts)
    assert counts[-1] <= written + 20 + 3
    assert counts[-1] > counts[0]


async def test_a_file_that_exists_is_replaced_only_when_told_to(place: Place, target: Path) -> None:
    await filled(place)
    target.parent.mkdir()
    target.write_text("precious")
    with pytest.raises(SetupError, match=r"exists: name another file, or replace it with --force"):
        back_up(place.path, target)
    assert target.read_text() == "precious"
    back_up(place.path, target, force=True)
    assert faults(target) == []


async def test_two_into_one_name_at_once(place: Place, target: Path) -> None:
    """Whoever is whole first has the name; the other's name is found taken at the very end."""
    await filled(place)
    slow = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SLOWLY.replace("time.sleep(60)", "input()"), str(place.path), str(target),
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert slow.stdout
    assert await slow.stdout.readline()
    back_up(place.path, target)
    before = target.stat().st_ino
    _, err = await slow.communicate(b"\n")
    assert b"exists" in err
    assert target.stat().st_ino == before
    assert [file.name for file in target.parent.iterdir()] == ["copy.db"]


async def test_killed_in_the_middle_it_leaves_no_half_backup_and_the_next_one_cleans_up(
    place: Place, target: Path
) -> None:
    await filled(place)
    with subprocess.Popen(
        [sys.executable, "-c", SLOWLY, str(place.path), str(target)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout
        part = Path(killed.stdout.readline().strip())
        killed.send_signal(signal.SIGKILL)
    assert part.exists()
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert not target.exists()
    back_up(place.path, target)
    assert [file.name for file in target.parent.iterdir()] == ["copy.db"]


async def test_what_one_that_was_killed_has_left_is_cleaned_up_by_the_next_under_another_name(
    place: Place, target: Path
) -> None:
    """Without a name backups are called after the second in which they began."""
    await filled(place)
    first, second, third = (target.with_name(f"chinwag-20261122-18000{n}.db") for n in (1, 2, 3))
    with slowly(place, first) as killed, slowly(place, third) as living:
        part, busy = told(killed), told(living)
        killed.kill()
        killed.wait()
        others = [target.with_name(name) for name in ("a film.part", "notes.db.77.part", "chinwag-2026.db.77.part")]
        for other in others:
            other.touch()
        assert part.exists()
        back_up(place.path, second)
        assert sorted(target.parent.iterdir()) == sorted([second, busy, *others])
        living.communicate("\n")
    assert living.returncode == 0
    assert faults(third) == []


def slowly(place: Place, target: Path) -> subprocess.Popen[str]:
    """A backup in a process of its own, which stops before the copy gets its name, until it is sent a line."""
    code = [sys.executable, "-c", SLOWLY.replace("time.sleep(60)", "input()"), str(place.path), str(target)]
    return subprocess.Popen(code, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def told(backup: subprocess.Popen[str]) -> Path:
    """The name of its part, once it has written all of it."""
    assert backup.stdout
    return Path(backup.stdout.readline().strip())


def test_a_part_that_was_swept_before_it_could_be_locked_is_begun_again(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between making the file and locking it another backup may take it for a leftover."""
    target.parent.mkdir()
    locked: list[int] = []

    def late(file: int) -> bool:
        if not locked:
            next(target.parent.iterdir()).unlink()
        locked.append(file)
        return lock_file(file)

    monkeypatch.setattr("core.store.backup.lock_file", late)
    with unfinished(target) as part:
        assert part.exists()
    assert len(locked) == 2
    assert list(target.parent.iterdir()) == []


async def test_the_part_of_one_that_is_still_writing_is_left_alone(place: Place, target: Path) -> None:
    await filled(place)
    with subprocess.Popen(
        [sys.executable, "-c", SLOWLY, str(place.path), str(target)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        part = Path(other.stdout.readline().strip())
        back_up(place.path, target)
        assert part.exists()
        other.kill()


@pytest.mark.parametrize("force", [False, True])
async def test_what_cannot_be_a_backup(place: Place, target: Path, force: bool) -> None:
    await filled(place)
    with pytest.raises(SetupError, match="is the database itself"):
        back_up(place.path, place.path, force=force)
    target.mkdir(parents=True)
    with pytest.raises(SetupError, match="is a folder: name a file in it"):
        back_up(place.path, target, force=force)
    file = place.path.with_name("file")
    file.write_text("")
    with pytest.raises(SetupError, match="cannot be written"):
        back_up(place.path, file / "copy.db", force=force)
    assert faults(place.path) == []


async def test_without_a_database_there_is_nothing_to_back_up(place: Place, target: Path) -> None:
    with pytest.raises(SetupError, match="nothing to back up before the first start"):
        back_up(place.path, target)
    assert not target.parent.exists()


async def test_a_damaged_database_is_named(place: Place, target: Path) -> None:
    await filled(place)
    await place.close()
    content = bytearray(place.path.read_bytes())
    content[200:8000] = os.urandom(7800)
    place.path.write_bytes(content)
    with pytest.raises(SetupError, match="is damaged"):
        back_up(place.path, target)
    assert list(target.parent.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are not Windows's")
async def test_a_target_without_room_leaves_nothing(place: Place, target: Path) -> None:
    await filled(place, 200)
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)); " + SLOWLY.replace(
        "\nimport sys", "import sys", 1
    ).replace("time.sleep(60)", "pass")
    ended = subprocess.run(
        [sys.executable, "-c", code, str(place.path), str(target)], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert "does not fit on its disk" in ended.stderr
    assert list(target.parent.iterdir()) == []
