"""The operator's list of words that are not answered: one word or phrase a line, `#` begins a comment.

`core.safety.valves` asks it for every question when MODERATION=words. Case, width and invisible characters do not
matter, and only whole words count; in scripts that put no spaces between words, every occurrence does.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from core.errors import SetupError
from core.observe.alerts import Alerts
from core.watched import Watched

FILE = "moderation.txt"
_WORD = re.compile(r"\w+")
# Han, kana, Thai, Lao, Khmer and Burmese: words stand side by side.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def folded(text: str) -> str:
    """A text as it is compared: NFKC, case-folded, without invisible characters, blanks as one space."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    seen = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return " ".join(seen.split())


class Words:
    """What a list finds in a text."""

    def __init__(self, lines: str) -> None:
        entries = {folded(line.partition("#")[0]) for line in lines.splitlines()} - {""}
        self._single = {entry for entry in entries if _WORD.fullmatch(entry) and not _UNSPACED.search(entry)}
        self._others = [_pattern(entry) for entry in sorted(entries - self._single)]

    def __len__(self) -> int:
        return len(self._single) + len(self._others)

    def in_text(self, text: str) -> bool:
        text = folded(text)
        return not self._single.isdisjoint(_WORD.findall(text)) or any(each.search(text) for each in self._others)


def word_file(folder: Path, alerts: Alerts | None = None) -> Watched[Words]:
    """The list in a file of DATA_DIR, read again when it changes. Raises SetupError when there is none at the start."""
    try:
        return Watched(folder / FILE, Words, alerts=alerts, needed=True)
    except SetupError as error:
        raise SetupError(f"MODERATION=words needs the file {FILE}, one word a line in UTF-8: {error}") from None


def _pattern(entry: str) -> re.Pattern[str]:
    """Finds the entry where no word goes on at its ends."""

    def edge(character: str) -> bool:
        return bool(_WORD.match(character)) and not _UNSPACED.match(character)

    before, after = (r"(?<!\w)" if edge(entry[0]) else ""), (r"(?!\w)" if edge(entry[-1]) else "")
    return re.compile(before + re.escape(entry) + after)
