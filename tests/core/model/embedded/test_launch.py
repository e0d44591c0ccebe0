"""Starting the child: threads, and a reason for every way in which it does not start."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from pathlib import Path

import pytest

from core.model.embedded import launch as module
from core.model.embedded.launch import LaunchFailed, default_threads, launch


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (3, 2), (4, 3), (16, 15)])
def test_one_core_is_left_to_the_bots_where_there_are_more_than_two(cores: int, threads: int) -> None:
    assert default_threads(cores) == threads


@pytest.mark.parametrize(("limit", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None)])
def test_a_containers_share_of_the_cores_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, cores: int | None
) -> None:
    (tmp_path / "cpu.max").write_text(limit + "\n")
    monkeypatch.setattr(module, "CGROUP_CPU", tmp_path / "cpu.max")
    assert default_threads() == (cores or default_threads(len(os.sched_getaffinity(0))))


async def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "junk.gguf").write_bytes(b"junk" * 100)
    with pytest.raises(LaunchFailed, match=r"junk\.gguf could not be loaded"):
        await launch(tmp_path / "junk.gguf", 1)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('echo \'{"error": "this processor lacks avx2"}\'; exit 1', "this processor lacks avx2"),
        ("kill -ILL $$", "lacks instructions"),
        ("kill -KILL $$", "want of memory"),
        ("echo oops >&2; exit 3", r"it ended with code 3 \(oops\)"),
        ("exec sleep 60", "not loaded within"),
    ],
)
async def test_every_death_has_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(python))
    monkeypatch.setattr(module, "LOADING", 60.0 if "sleep" not in script else 0.1)
    with pytest.raises(LaunchFailed, match=reason):
        await launch(tmp_path / "any.gguf", 1)


async def test_noise_of_native_code_is_skipped_and_the_key_is_not_in_argv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/argv\nread order\necho "$order" > {tmp_path}/order\n'
        "echo 'ggml: noise'\necho '[1]'\necho '{\"url\": \"http://127.0.0.1:1\"}'\nread end\n"
    )
    python.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(python))
    server = await launch(tmp_path / "any.gguf", 1)
    assert server.url == "http://127.0.0.1:1"
    assert len(server.key) >= 24
    assert server.key in (tmp_path / "order").read_text()
    assert server.key not in (tmp_path / "argv").read_text()
    waiting = asyncio.create_task(server.wait())
    await server.stop()
    assert await waiting == -signal.SIGKILL


def test_the_reason_of_a_death_quotes_its_last_words_shortly() -> None:
    reason = module._reason(EOFError(), 3, deque(["first", "last"]), Path("x.gguf"))
    assert reason == "it ended with code 3 (last)"
