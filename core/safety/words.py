"""The operator's list of words that are not answered: one word or phrase a line, `#` begins a comment.

`core.safety.valves` asks it for every question when MODERATION=words. Case, width and invisible characters do not
matter, and only whole words count; in scripts that put no spaces between words, every occurrence does.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from core.errors import SetupError
from core.observe.log import get_logger

log = get_logger(__name__)

FILE = "moderation.txt"
_WORD = re.compile(r"\w+")
# Han, kana, Thai, Lao, Khmer and Burmese: words stand side by side.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def plain(text: str) -> str:
    """A text as it is compared: NFKC, case-folded, without invisible characters, blanks as one space."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    seen = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return " ".join(seen.split())


class Words:
    """What a list finds in a text."""

    def __init__(self, lines: str) -> None:
        entries = {plain(line.partition("#")[0]) for line in lines.splitlines()} - {""}
        self._single = {entry for entry in entries if _WORD.fullmatch(entry) and not _UNSPACED.search(entry)}
        self._others = [_pattern(entry) for entry in sorted(entries - self._single)]

    def __len__(self) -> int:
        return len(self._single) + len(self._others)

    def in_text(self, text: str) -> bool:
        text = plain(text)
        return not self._single.isdisjoint(_WORD.findall(text)) or any(each.search(text) for each in self._others)


class WordFile:
    """The list in a file, read again when it changes. Raises SetupError when there is none at the start.

    One that cannot be read later is told in the log, and what it said before still counts.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._seen = self._stamp()
        try:
            self._words = Words(self._path.read_text("utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(
                f"MODERATION=words needs the file {self._path}, one word a line in UTF-8: {_why(error)}"
            ) from None

    @property
    def words(self) -> Words:
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._words = Words(self._path.read_text("utf-8-sig"))
                log.info("read again", file=FILE, words=len(self._words))
            except (OSError, UnicodeDecodeError) as error:
                log.error("a file cannot be read, what it said before still counts", file=FILE, error=_why(error))
        return self._words

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size


def _pattern(entry: str) -> re.Pattern[str]:
    """Finds the entry where no word goes on at its ends."""

    def edge(character: str) -> bool:
        return bool(_WORD.match(character)) and not _UNSPACED.match(character)

    before, after = (r"(?<!\w)" if edge(entry[0]) else ""), (r"(?!\w)" if edge(entry[-1]) else "")
    return re.compile(before + re.escape(entry) + after)


def _why(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
