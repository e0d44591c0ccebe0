"""Server-sent events out of bytes that may be cut anywhere. `core.model.chunks` feeds it what the socket gives.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

_BOM = b"\xef\xbb\xbf"


class Events:
    """Splits a stream into the data of its events."""

    def __init__(self) -> None:
        self._held: list[bytes] = []  # the beginning of an event that is not complete
        self._after_cr = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of every event that is complete now; an event that calls itself an error as {"error": data}."""
        if self._after_cr or b"\r" in piece:
            piece = self._with_lf(piece)
        if self._held:
            self._held.append(piece)
            if b"\n" not in piece:  # a long event in many pieces is not put together for each
                return []
            piece = b"".join(self._held)
        whole, end, rest = piece.rpartition(b"\n\n")
        self._held = [rest] if rest else []
        return _all_data(whole) if end else []

    def rest(self) -> bytes:
        """What is left at the end of the stream."""
        return b"".join(self._held)

    def _with_lf(self, piece: bytes) -> bytes:
        """Line ends are CRLF, LF or CR; a CRLF may lie in two pieces."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            self._after_cr = False
        if piece:
            self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def data_of(event: bytes) -> bytes:
    """The data of one event, given as its lines; b"" when it has none (a comment that keeps the connection alive)."""
    lines: list[bytes] = []
    failed = False
    for line in event.removeprefix(_BOM).split(b"\n"):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name in (b"data", b"error"):  # older llama.cpp says `error: {...}` in place of `data: {"error": {...}}`
            lines.append(value)
        failed = failed or name == b"error" or (name == b"event" and value == b"error")
    data = b"\n".join(lines)
    return b'{"error":%b}' % data if failed and data.strip() else data


def _all_data(whole: bytes) -> list[bytes]:
    found: list[bytes] = []
    for event in whole.split(b"\n\n"):
        # Nearly every event is this one line, which needs no copy of its own.
        data = event[5:] if event.startswith(b"data:") and b"\n" not in event else data_of(event)
        if data and not data.isspace():
            found.append(data)
    return found
