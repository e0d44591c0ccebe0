"""llmock, which others wrote, judges Chinwag as a client."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verdict import judged


@pytest.mark.parametrize("goes_on", ["anew", "ask"])
async def test_llmock_finds_no_fault(goes_on: str, tmp_path: Path) -> None:
    found = await judged(tmp_path, goes_on=goes_on)
    assert not found.verdict.findings, found.verdict.render()
    assert found.verdict.faults >= 20
    assert {name for name, outcome in found.outcomes.items() if outcome != "answered"} == {
        "401",
        "403",
        "404",
        "400",
        "outage",
    }
