"""Streams are read less often while there are many, as network cards hold interrupts back under load.

To be woken for a segment costs as much as reading ten tokens that are there already, and no screen is drawn anew for
each of them. So while there are more than BUSY streams, one that brings tokens faster than a lull lasts is left alone
for that long, and what came meanwhile is read at once. `Transport` has one `Lulls` for its connections.
"""

from __future__ import annotations

import asyncio

BUSY = 50  # streams: so many, at 50 tokens a second each, are a fifth of a core without any of this
LULL = 0.04  # seconds: a twentieth of the time between two edits, and half of a round trip to a platform
FAST = 2 * LULL  # seconds between two reads: a slower stream would be read as often, only later
GRID = 0.005  # seconds: streams that rest are woken in groups, but not all at once


class Lulls:
    """busy: there are so many streams that those that are FAST are to `rest`."""

    def __init__(self) -> None:
        self.busy = False
        self._streams = 0
        self._resting: dict[int, list[asyncio.Transport]] = {}

    def begin(self) -> None:
        """A stream is read from now on."""
        self._streams += 1
        self.busy = self._streams > BUSY

    def end(self) -> None:
        self._streams -= 1
        self.busy = self._streams > BUSY

    def rest(self, transport: asyncio.Transport) -> None:
        """Read nothing more from this connection for a while; whoever waits for it goes on waiting."""
        socket = _socket(transport)
        if socket is None:
            return
        loop = asyncio.get_running_loop()
        slot = int((loop.time() + LULL) / GRID) + 1
        socket.pause_reading()
        resting = self._resting.get(slot)
        if resting is None:
            resting = self._resting[slot] = []
            loop.call_at(slot * GRID, self._wake, slot)
        resting.append(socket)

    def _wake(self, slot: int) -> None:
        for socket in self._resting.pop(slot):
            if not socket.is_closing():
                socket.resume_reading()


def _socket(transport: asyncio.Transport | None) -> asyncio.Transport | None:
    """What reads the socket below TLS; None: nothing does any more, or it cannot be told.

    TLS reads on while it is paused itself, and drops what it holds when the connection is reset: CPython's sslproto.
    """
    while transport is not None and not transport.is_closing():
        if transport.get_extra_info("sslcontext") is None:
            return transport
        transport = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    return None
