"""Streams that are read less often while there are many: nothing is lost, and where there are few nothing waits."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelCut
from core.model import transport
from core.model.lulls import FAST, GRID, LULL, Lulls
from tests.core.model.asking import endpoint, read, text_of
from tests.core.model.streams import chunk, event
from tests.core.model.test_transport import HEAD, at, listening, request
from tests.platforms.model import Fault, ModelServer
from tests.virtual import run

WORDS = " ".join(str(number) for number in range(400))


class Socket:
    """A transport that is only paused and resumed. seconds: how long it rested, each time."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def pause_reading(self) -> None:
        self._since = asyncio.get_running_loop().time()

    def resume_reading(self) -> None:
        self.seconds.append(asyncio.get_running_loop().time() - self._since)


@given(st.lists(st.floats(0, 0.1), min_size=1, max_size=20))
def test_every_rest_ends_in_time(starts: list[float]) -> None:
    sockets = [Socket() for _ in starts]

    async def rest() -> None:
        lulls, loop = Lulls(), asyncio.get_running_loop()
        for start, socket in zip(starts, sockets, strict=True):
            loop.call_later(start, lulls.rest, socket)
        await asyncio.sleep(1)

    run(rest())
    for socket in sockets:
        (seconds,) = socket.seconds
        assert LULL <= seconds <= LULL + GRID + 1e-9


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
    monkeypatch.setattr(transport, "BUSY", 2)
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
    monkeypatch.setattr(transport, "BUSY", 0)
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
    monkeypatch.setattr(transport, "BUSY", 0)

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
