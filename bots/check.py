"""`check`: whether the database, or a backup, is whole, and for each fault what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.settings import Settings
from core.store.check import check as findings
from core.store.file import path_of


def check(settings: Settings, file: Path | None, say: Callable[[str], None]) -> bool:
    """Report on `file`, or on the database in use. True when there is no fault. Raises SetupError."""
    path = file or path_of(settings.database)
    say(f"Checking {path}")
    well = True
    for finding in findings(path):
        say(f"{'!! ' if finding.cure else 'ok '} {finding.text}")
        if finding.cure:
            well = False
            say(f"    cure: {finding.cure}")
    say("No fault was found." if well else "Faults were found.")
    return well
