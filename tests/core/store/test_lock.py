"""One process at a time on a database, however the one before it died."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import SetupError
from core.store.lock import beside_of, holder, only_process

ROOT = Path(__file__).parents[3]
HOLDING = """
import asyncio, sys, time
from core.store.lock import only_process
lock = asyncio.run(only_process(sys.argv[1], print))
print("held", flush=True)
time.sleep(60)
"""


class Waiting:
    """Sleeps that take no time; `then` is done in the third."""

    def __init__(self, then: object = None) -> None:
        self.slept: list[float] = []
        self.then = then

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == 3 and self.then:
            await self.then.release()  # type: ignore[attr-defined]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "chinwag.db"


def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def test_the_second_is_refused_in_one_line_that_names_the_first(path: Path) -> None:
    said: list[str] = []
    lock = await only_process(url(path), said.append)
    assert not said
    waiting = Waiting()
    with pytest.raises(SetupError) as caught:
        await only_process(url(path), said.append, sleep=waiting)
    message = str(caught.value)
    assert "\n" not in message
    for part in (f"process {os.getpid()}", repr(str(path)), "stop that one first", "DATA_DIR"):
        assert part in message
    assert len(said) == 1
    assert sum(waiting.slept) == pytest.approx(10)
    await lock.release()
    assert holder(path) == ""


async def test_one_that_is_just_stopping_is_waited_for(path: Path) -> None:
    said: list[str] = []
    first = await only_process(url(path), said.append)
    second = await only_process(url(path), said.append, sleep=Waiting(first))
    assert len(said) == 1
    assert re.search(rf"in use by process {os.getpid()}; waiting up to 10 s", said[0])
    await second.release()
    await second.release()


class Looking:
    """Pauses between two looks that take no time; one of `acts` is done in each, and then it is over."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self.acts = list(acts)

    async def __call__(self, seconds: float) -> None:
        if not self.acts:
            raise TimeoutError
        self.acts.pop(0)()


async def test_a_deleted_file_is_made_anew_and_protects_again(path: Path) -> None:
    lock = await only_process(url(path), print)
    for delete in (beside_of(path).unlink, lambda: None):
        with pytest.raises(TimeoutError):
            await lock.lost(Looking(delete, lambda: None))
        assert holder(path) == f"process {os.getpid()}"
        with pytest.raises(SetupError, match="is running"):
            await only_process(url(path), print, patience=0)
    await lock.release()
    assert holder(path) == ""


async def test_who_comes_too_late_hears_who_has_taken_over(path: Path) -> None:
    lock = await only_process(url(path), print)
    beside_of(path).unlink()
    with subprocess.Popen([sys.executable, "-c", HOLDING, url(path)], cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        why = await lock.lost(Looking())
        other.kill()
    assert f"process {other.pid}" in why
    assert repr(str(path)) in why
    assert "\n" not in why
    await lock.release()


async def test_one_of_the_same_number_and_host_is_another_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two containers of one host name: both are process 1."""
    lock = await only_process(url(path), print)
    beside_of(path).unlink()
    with subprocess.Popen([sys.executable, "-c", HOLDING, url(path)], cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        monkeypatch.setattr("os.getpid", lambda: other.pid)
        why = await lock.lost(Looking())
        other.kill()
    assert "has taken over" in why
    await lock.release()


async def test_a_folder_that_is_gone_for_a_while_is_no_loss(path: Path) -> None:
    """Nobody can be in it; and what else is wrong then, the database says."""
    lock, away = await only_process(url(path), print), path.parent.with_name("away")
    with pytest.raises(TimeoutError):
        await lock.lost(Looking(lambda: path.parent.rename(away), lambda: away.rename(path.parent), lambda: None))
    assert holder(path) == f"process {os.getpid()}"
    await lock.release()


async def test_a_file_whose_number_changes_is_ours_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = await only_process(url(path), print)
    monkeypatch.setattr("os.path.samestat", lambda one, other: False)
    with pytest.raises(TimeoutError):
        await lock.lost(Looking(lambda: None))
    await lock.release()


async def test_a_link_is_the_same_database(path: Path, tmp_path: Path) -> None:
    lock = await only_process(url(path), print)
    (tmp_path / "link.db").symlink_to(path)
    with pytest.raises(SetupError, match="is running"):
        await only_process(url(tmp_path / "link.db"), print, patience=0)
    await lock.release()


async def test_killed_it_lets_go_and_its_number_is_not_believed(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDING, url(path)], cwd=ROOT, stdout=subprocess.PIPE) as first:
        assert first.stdout
        assert first.stdout.readline() == b"held\n"
        assert holder(path) == f"process {first.pid}"
        first.send_signal(signal.SIGKILL)
        first.wait(10)
    assert str(first.pid) in beside_of(path).read_text()
    assert holder(path) == ""
    lock = await only_process(url(path), print, patience=0)
    assert holder(path) == f"process {os.getpid()}"
    await lock.release()


async def test_a_child_of_one_that_was_killed_does_not_hold_it(path: Path) -> None:
    """The embedded model's process outlives its parent for a moment."""
    with_child = HOLDING.replace(
        "time.sleep(60)", "import subprocess; subprocess.Popen(['sleep', '20']); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", with_child, url(path)], cwd=ROOT, stdout=subprocess.PIPE) as first:
        assert first.stdout
        first.stdout.readline()
        await asyncio.sleep(0.05)
        first.kill()
        first.wait(10)
        lock = await only_process(url(path), print, patience=0)
        await lock.release()
        first.stdout.close()


async def test_the_file_is_private(path: Path) -> None:
    lock = await only_process(url(path), print)
    assert stat.S_IMODE(beside_of(path).stat().st_mode) == 0o600
    await lock.release()


async def test_a_folder_in_the_place_of_the_lock(path: Path) -> None:
    path.parent.mkdir()
    beside_of(path).mkdir()
    with pytest.raises(SetupError, match="which cannot be made"):
        await only_process(url(path), print, patience=0)


def test_nobody_holds_what_is_not_there(path: Path) -> None:
    assert holder(path) == ""
    assert not path.parent.exists()
