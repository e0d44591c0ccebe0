"""Reads the chunks of a stream that differ in nothing but their text, as nearly all do, without reading all as JSON.

`core.model.chunks` reads a chunk, and has what stands around its text learnt here; from the chunks that follow in the
same wrapping only their texts are read, all at once. That costs a fifth. A server that puts something new into every
chunk (OpenAI's "obfuscation") is soon read as before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import orjson

_TEXT = rb'"%s":[ ]?"((?:[^"\\]|\\.)*+)"'
_PROBE = "\u2026"
_TRIES = 3  # wrappings that are learnt and wrap hardly anything, until no more are
_WORTH = 8  # chunks that a wrapping must have wrapped to count as worth learning

Fields = Callable[[bytes], tuple[str | int, str]]
"""The field and the text of a chunk that carries nothing else; ("", "") of any other."""


class Alike:
    """What is known of one stream. field: what the texts belong to; "" while no wrapping is known."""

    def __init__(self) -> None:
        self.field = ""
        self._before = self._behind = b""
        self._tries, self._wrapped = _TRIES, 0

    def texts(self, events: Sequence[bytes], start: int) -> list[str]:
        """The texts of the events from `start` on, as far as they are alike: each is one event's, and none is ""."""
        before, behind = self._before, self._behind
        begin, end = len(before), -len(behind)
        raw: list[bytes] = []
        for at in range(start, len(events)) if self.field else ():
            data = events[at]
            if not (data.startswith(before) and data.endswith(behind)):
                break
            text = data[begin:end]
            if not text or text.endswith(b"\\"):  # a quote behind a backslash would not end it
                break
            raw.append(text)
        found = _read(raw)
        self._wrapped += len(found)
        if raw and not found:
            self.field = ""
        return found

    def learn(self, data: bytes, field: str, text: str, fields: Fields) -> None:
        """Take what wraps this text, which is the field of this event, if the next one may be wrapped alike."""
        self._tries = _TRIES if self._wrapped >= _WORTH else self._tries - 1
        self._wrapped, self.field = 0, ""
        raw = re.search(_TEXT % field.encode(), data) if self._tries >= 0 and text != _PROBE else None
        if raw is None:
            return
        before, behind = data[: raw.start(1)], data[raw.end(1) :]
        if fields(before + _PROBE.encode() + behind) == (field, _PROBE):
            self.field, self._before, self._behind = field, before, behind


def _read(raw: list[bytes]) -> list[str]:
    """The strings that these are in JSON; [] unless each is one. A quote in one of them would make it more of them."""
    if not raw:
        return []
    try:
        found: list[str] = orjson.loads(b'["%b"]' % b'","'.join(raw))
    except ValueError:
        return []
    return found if len(found) == len(raw) else []
