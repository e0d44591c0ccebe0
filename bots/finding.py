"""What `doctor` reports, one line at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. cure is "" when nothing is wrong. name: of the model that was found."""

    about: str
    text: str
    cure: str = ""
    name: str = ""
