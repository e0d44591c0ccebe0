"""`backup`, `check` and what `doctor` says of them, as commands beside a process that is answering."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

import pytest

from bots.backup import readable
from bots.storage import storage
from core.settings import Settings
from tests.bots.cli import Cli
from tests.bots.process import STORY, World


async def test_beside_a_process_that_answers_and_restored_afterwards(world: World) -> None:
    process = await world.start()
    gate = await world.half_an_answer()
    code, text = await world.cli.run("backup", **world.settings)
    assert code == 0, text
    assert re.fullmatch(r"data/backups/chinwag-\d{8}-\d{6}\.db: \d+(\.\d)? KB in \d+\.\d s\n", text)
    copy = text.partition(":")[0]
    for file in ([copy], []):
        code, text = await world.cli.run("check", *file, **world.settings)
        assert code == 0, text
        assert "1 conversations, 1 turns, 1 messages not answered yet" in text
    code, text = await world.cli.run("doctor", **world.settings)
    assert code == 0, text
    assert re.search(rf"database +data/chinwag.db in use by process {process.pid}; [\d.]+ \w+, and", text)
    assert f"the last one was made today: {copy}" in text
    assert re.search(r"disk +[\d.]+ GB free", text)
    process.kill()
    await process.wait()
    # As README says: put the backup in the database's place; the -wal file belongs to the old one.
    for old in (world.cli.folder / "data").glob("chinwag.db*"):
        old.unlink()
    shutil.copy(world.cli.folder / copy, world.cli.folder / "data" / "chinwag.db")
    gate.open()
    await world.start()
    await world.dana.hears(STORY)
    assert world.dana.heard() == [STORY]


async def test_what_cannot_be_done_is_one_line(cli: Cli) -> None:
    code, text = await cli.run("backup")
    assert (code, len(text.splitlines())) == (1, 1)
    assert "nothing to back up before the first start" in text
    code, text = await cli.run("check")
    assert code == 1
    assert "'data/chinwag.db' is not there" in text
    code, text = await cli.run("check", "nowhere.db", DATABASE_URL="postgresql://x/y")
    assert code == 1
    assert "'nowhere.db' is not there" in text
    code, text = await cli.run("backup", DATABASE_URL="postgresql://x/y")
    assert code == 1
    assert "DATABASE_URL" in text


@pytest.mark.parametrize(
    ("size", "read"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 KB"), (45_678_901, "45.7 MB"), (9e9, "9.0 GB")]
)
def test_sizes_as_a_person_reads_them(size: float, read: str) -> None:
    assert readable(size) == read


async def said(settings: Settings, now: float) -> dict[str, tuple[str, str]]:
    return {finding.about: (finding.text, finding.cure) async for finding in storage(settings, lambda: now)}


async def test_doctor_says_how_old_the_last_backup_is_and_when_the_disk_is_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    (tmp_path / "chinwag.db").touch()
    now = time.time()
    assert "python -m bots backup" in (await said(settings, now))["backup"][0]
    (tmp_path / "backups").mkdir()
    for days, name in ((9, "old"), (3, "new")):
        made = tmp_path / "backups" / f"{name}.db"
        made.touch()
        os.utime(made, (now - days * 86400 - 60,) * 2)
    text, cure = (await said(settings, now))["backup"]
    assert (text, cure) == (f"the last one was made 3 days ago: {tmp_path}/backups/new.db", "")
    monkeypatch.setattr("bots.storage.ROOM", 10**18)
    text, cure = (await said(settings, now))["disk"]
    assert text.endswith("free")
    assert "make room" in cure
