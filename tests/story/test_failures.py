"""Every failure of the model, held to what its user reads, what admins read, what is asked again and what is kept."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.failures import CASES, KEY, OTHER_KEY, Case, play


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_failure(
    case: Case, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    row = await play(case, tmp_path)
    wanted = case.row
    assert (row.user, row.requests, row.state, row.kept) == (wanted.user, wanted.requests, wanted.state, wanted.kept)
    assert wanted.admin in row.admin
    assert bool(wanted.admin) == bool(row.admin)
    logged = "".join(capfd.readouterr()) + caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for secret in (KEY, OTHER_KEY):
        assert secret not in logged + row.user + row.admin
