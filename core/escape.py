"""Words of other people inside our own: a name, a title, an argument that is quoted back."""

from __future__ import annotations

import re


def escaped(name: str) -> str:
    """A name as its owner chose it, fit for Markdown: a stranger's name must not become a link in our own words."""
    # "]", "(" and ")" stay: an escaped pair of brackets is a formula to some, and without "[" there is no link.
    return re.sub(r"(^[+-]|[\\`*_{}\[<>#!|~$])", r"\\\1", " ".join(name.split()))
