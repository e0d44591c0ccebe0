"""Joins the second part of an answer to the first, so that no word is lost or doubled at the seam.

A model that goes on may repeat the last words, or all of it, or begin with a sentence of its own; the text that was
said decides what is new. Nothing is passed on before that is certain. `Endpoint` feeds one `Weld` per continuation.
"""

from __future__ import annotations

from core.model.prefill import anchor, pattern, whole
from core.types import Delta

PREAMBLE = 400  # characters that a model may say of its own before it comes to the last words
EVIDENCE = 48  # characters that show a model has begun the answer again from its beginning
LEAST = 16  # of them, when the text was not longer
QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "«": "»", "„": "“", "‘": "’", "「": "」"}


class Unjoined(Exception):
    """What came cannot be joined to what was said: only a new beginning helps."""


class Weld:
    """One continuation of `said`. prefilled: the endpoint completes `whole(said)` itself, so the last word comes next.

    Otherwise the model was asked to begin with `anchor(said)`.
    """

    def __init__(self, said: str, *, prefilled: bool) -> None:
        self._said = said
        self._body = said.rstrip()
        self._blanks = said[len(self._body) :]
        self._before = whole(said) if prefilled else said
        self._word = said[len(self._before) :]
        self._head = said.lstrip()[:EVIDENCE].rstrip()
        self._anchor = "" if prefilled else anchor(said)
        self._prefilled = prefilled
        self._held = ""
        self.joined = False

    def feed(self, text: str) -> Delta | None:
        """What to pass on now. Raises Unjoined."""
        if self.joined:
            return Delta(text)
        self._held += text
        if self._repeats():
            return self._follow()
        if not self._prefilled:
            return self._seek()
        return self._last_word() if self._word else self._join(self._held)

    def end(self) -> Delta | None:
        """What was held back when the model ended. Raises Unjoined when it never came to the seam."""
        if self.joined:
            return None
        held = self._held.strip()
        if held == self._said.strip():
            return None
        if self._word and self._word.startswith(held):
            return None
        if self._prefilled and not self._began_again(held):
            return Delta(self._seamless(self._held)) if held else None
        if (found := self._found()) is not None and not self._held[found:].strip():
            return None  # it only repeated the last words: there was nothing to add
        if (delta := self._another_word()) is not None:
            return delta
        raise Unjoined(f"it ended with {held[-40:]!r}")

    def _began_again(self, held: str) -> bool:
        return len(self._head) >= LEAST and held.startswith(self._head)

    def _repeats(self) -> bool:
        """Whether what came is, or may become, the answer from its beginning."""
        held = self._held.lstrip()
        if len(self._head) < LEAST:
            return False
        return self._head.startswith(held[:EVIDENCE]) or held.startswith(self._head)

    def _follow(self) -> Delta | None:
        """It says all of it again: what goes beyond is new. If it comes out differently, it is a new answer."""
        held, body = self._held.lstrip(), self._body.lstrip()
        if body.startswith(held) or held == body:
            return None
        if held.startswith(body):
            return self._join(held[len(body) :])
        self.joined = True
        return Delta(held, anew=True)

    def _last_word(self) -> Delta | None:
        """The word in which the text was cut comes again; if it is another one it replaces what was there of it."""
        new = self._held.lstrip()
        if self._word.startswith(new):
            return None
        self.joined = True
        if new.startswith(self._word):
            return Delta(new[len(self._word) :])
        blanks = "" if self._before[-1:].isspace() else self._held[: len(self._held) - len(new)]
        return Delta(self._before + blanks + new, anew=True)

    def _seek(self) -> Delta | None:
        if (found := self._found()) is not None:
            return self._join(self._held[found:])
        if len(self._held) <= PREAMBLE + len(self._anchor):
            return None
        if (delta := self._another_word()) is not None:
            return delta
        raise Unjoined(f"the last words did not come, but {self._held[:40]!r}")

    def _found(self) -> int | None:
        """Where the text behind the last words begins; a quotation mark that closes them belongs to them."""
        match = pattern(self._anchor).search(self._held) if self._anchor else None
        if match is None:
            return None
        opened = self._held[: match.start()][-1:]
        closing = QUOTES.get(opened, "")
        end = match.end()
        return end + 1 if closing and self._held[end : end + 1] == closing else end

    def _another_word(self) -> Delta | None:
        """The cut fell into a word, and the model has put another one there: it replaces the half."""
        whole, blank, half = self._anchor.rpartition(" ")
        if not blank or not half or len(whole) < LEAST:
            return None
        match = pattern(whole).search(self._held)
        if match is None:
            return None
        self.joined = True
        return Delta(self._body[: len(self._body) - len(half)].rstrip() + self._held[match.end() :], anew=True)

    def _join(self, new: str) -> Delta | None:
        """Pass on the new text, once its first character that is no blank has come."""
        if not new.strip():
            return None
        self.joined = True
        return Delta(self._seamless(new))

    def _seamless(self, new: str) -> str:
        """The new text, without the blanks that are there already."""
        text = new.lstrip()
        blanks = new[: len(new) - len(text)]
        if blanks.startswith(self._blanks):
            return blanks[len(self._blanks) :] + text
        return text if self._blanks.endswith(blanks) else new
