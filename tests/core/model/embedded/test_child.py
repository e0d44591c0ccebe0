"""The child process by itself: what it needs of the processor, and that it ends when nobody wants it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.model.embedded.child import missing_instructions

OLD = "processor\t: 0\nflags\t\t: fpu sse4_2 avx f16c\n"
NEW = "processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 fma f16c bmi2\n"


@pytest.mark.parametrize(
    ("cpuinfo", "machine", "reason"),
    [
        (NEW, "x86_64", ""),
        (OLD, "x86_64", "this processor lacks avx2, fma, bmi2"),
        (OLD, "aarch64", ""),  # another instruction set: the wheel for it asks for none of these
        ("no flags here", "x86_64", ""),
        (None, "AMD64", ""),  # Windows has no /proc
    ],
)
def test_an_old_processor_is_told_before_it_fails(
    tmp_path: Path, cpuinfo: str | None, machine: str, reason: str
) -> None:
    file = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        file.write_text(cpuinfo)
    assert missing_instructions(file, machine) == reason


def run(order: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "core.model.embedded.child"]
    return subprocess.run(command, input=order, capture_output=True, text=True, timeout=30, check=False)


def test_ends_at_once_when_the_parent_is_gone_before_it_said_what_to_load() -> None:
    done = run("")
    assert (done.returncode, done.stdout) == (0, "")


def order(path: Path, parent: int) -> str:
    return json.dumps({"path": str(path), "key": "k", "threads": 1, "parent": parent}) + "\n"


def test_loads_nothing_for_a_parent_that_has_died_meanwhile(tmp_path: Path) -> None:
    done = run(order(tmp_path / "never-looked-at.gguf", parent=1))
    assert (done.returncode, done.stdout) == (0, "")


def test_says_that_a_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "junk.gguf").write_bytes(b"junk" * 100)
    done = run(order(tmp_path / "junk.gguf", os.getpid()))
    assert done.returncode == 1
    assert list(json.loads(done.stdout.splitlines()[-1])) == ["error"]
