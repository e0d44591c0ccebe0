"""Streams that are read less often while there are many: nothing is lost, and where there are few nothing waits."""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelCut
from core.model import lulls
from core.model.lulls import FAST, GRID, LULL, Lulls
from tests.core.model.asking import endpoint, read, text_of
from tests.core.model.streams import chunk, event
from tests.core.model.test_transport import HEAD, at, listening, request
from tests.core.model.tls import certified, needs_openssl
from tests.patience import PATIENCE
from tests.platforms.model import Fault, ModelServer
from tests.virtual import run

WORDS = " ".join(str(number) for number in range(400))


class Socket:
    """A transport that is only paused, resumed and closed. seconds: how long it rested, each time."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.closed = False

    def get_extra_info(self, name: str) -> None:
        return None

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self._since = asyncio.get_running_loop().time()

    def resume_reading(self) -> None:
        if self.closed:
            raise AttributeError("as TLS does once its connection is lost")
        self.seconds.append(asyncio.get_running_loop().time() - self._since)


@given(st.lists(st.floats(0, 0.1), min_size=1, max_size=20))
def test_every_rest_ends_in_time(starts: list[float]) -> None:
    sockets = [Socket() for _ in starts]

    async def rest() -> None:
        lulls, loop = Lulls(), asyncio.get_running_loop()
        for start, one in zip(starts, sockets, strict=True):
            loop.call_later(start, lulls.rest, one)
        await asyncio.sleep(1)

    run(rest())
    for one in sockets:
        (seconds,) = one.seconds
        assert LULL <= seconds <= LULL + GRID + 1e-9


def test_one_that_was_closed_meanwhile_keeps_no_other_asleep() -> None:
    first, second = Socket(), Socket()

    async def rest() -> None:
        lulls = Lulls()
        for one in (first, second):
            lulls.rest(one)  # type: ignore[arg-type]
        first.closed = True
        await asyncio.sleep(1)

    run(rest())
    assert len(second.seconds) == 1


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Transport]:
    """Every connection that was left alone, each time."""
    found: list[asyncio.Transport] = []
    rest = Lulls.rest

    def noted(self: Lulls, transport: asyncio.Transport) -> None:
        found.append(transport)
        rest(self, transport)

    monkeypatch.setattr(Lulls, "rest", noted)
    return found


async def test_few_streams_are_read_as_they_come(rests: list[asyncio.Transport]) -> None:
    async with ModelServer(reply=WORDS, pace=0.001) as server, endpoint(server) as model:
        answers = await asyncio.gather(*(read(model) for _ in range(5)))
    assert {text_of(answer) for answer in answers} == {WORDS}
    assert rests == []


async def test_of_many_nothing_is_lost(rests: list[asyncio.Transport], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lulls, "BUSY", 2)
    async with ModelServer(reply=WORDS, pace=0.001) as server, endpoint(server) as model:
        for _ in range(2):  # the second time over the same connections
            answers = await asyncio.gather(*(read(model) for _ in range(5)))
            assert {text_of(answer) for answer in answers} == {WORDS}
            assert all(len(answer) < 200 for answer in answers)
        assert rests
        rests.clear()
        await read(model)
    assert rests == []  # it is alone again


async def test_what_broke_while_nobody_looked_is_heard(
    rests: list[asyncio.Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lulls, "BUSY", 0)
    async with ModelServer(reply=WORDS, pace=0.001) as server, endpoint(server) as model:
        server.faults.append(Fault(how="cut", after=200))
        with pytest.raises(ModelCut):
            await read(model)
        assert rests
        assert text_of(await read(model)) == WORDS


async def test_a_slow_stream_is_never_left_alone(
    rests: list[asyncio.Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be read as often, only later."""
    monkeypatch.setattr(lulls, "BUSY", 0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        pieces = [event(chunk({"content": word})) for word in ("slow ", "and ", "steady")]
        pieces[-1] += event(chunk({}, "stop")) + b"data: [DONE]\n\n"
        writer.write(HEAD % len(b"".join(pieces)))
        for piece in pieces:
            await asyncio.sleep(1.05 * FAST)
            writer.write(piece)

    async with listening(serve) as port, at(f"http://127.0.0.1:{port}/v1") as model:
        assert text_of(await read(model)) == "slow and steady"
    assert rests == []


LASTING = 10  # answers
WHOLE = [event(chunk({"content": "b "}))] * 5 + [event(chunk({}, "stop")) + b"data: [DONE]\n\n"]


def reset(writer: asyncio.StreamWriter) -> None:
    """The other side hears a reset, which makes it forget what it has not read."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.fixture
def tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ssl.SSLContext:
    """What a server uses that is trusted. Every stream counts as one of many."""
    monkeypatch.setattr(lulls, "BUSY", 0)
    tls, cert = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    return tls


@needs_openssl
async def test_over_tls_what_has_arrived_is_not_lost_in_a_reset(
    rests: list[asyncio.Transport], tls: ssl.SSLContext
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(HEAD % len(b"".join(WHOLE)))
        for piece, pause in zip(WHOLE, (0.005, 0, 0, 0, 0, 0.003), strict=True):  # a lull begins after the first
            writer.write(piece)
            await asyncio.sleep(pause)
        reset(writer)

    async with listening(serve, tls) as port, at(f"https://127.0.0.1:{port}/v1") as model:
        for _ in range(10):
            assert text_of(await read(model)) == "b " * 5
    assert rests


@needs_openssl
async def test_over_tls_a_connection_that_breaks_keeps_no_other_asleep(
    rests: list[asyncio.Transport], tls: ssl.SSLContext
) -> None:
    connections = itertools.count()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        if next(connections) < LASTING:
            for _ in range(200):
                writer.write(WHOLE[0])
                await asyncio.sleep(0.005)
            writer.write(WHOLE[-1])
            return writer.close()
        for _ in range(10):
            writer.write(WHOLE[0])
            await asyncio.sleep(0.005)
        reset(writer)

    async with listening(serve, tls) as port, at(f"https://127.0.0.1:{port}/v1") as model:
        lasting = [asyncio.create_task(read(model)) for _ in range(LASTING)]
        while rests == []:
            await asyncio.sleep(0.01)
        broken = await asyncio.gather(*(read(model) for _ in range(20)), return_exceptions=True)
        assert {type(answer) for answer in broken} == {ModelCut}
        async with asyncio.timeout(PATIENCE):
            assert {text_of(answer) for answer in await asyncio.gather(*lasting)} == {"b " * 200}
