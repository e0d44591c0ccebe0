"""Connections to an endpoint: kept, closed, through a proxy, over TLS; and what the SDK hears when one fails."""

from __future__ import annotations

import asyncio
import gc
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from core.errors import ModelCut, ModelError, ModelUnreachable
from core.model.client import Tuning
from core.model.endpoint import Endpoint
from core.model.reading import Patience
from core.model.transport import Transport
from tests.core.model.asking import HI, endpoint, read, text_of
from tests.core.model.streams import chunk, event
from tests.core.model.tls import certified, needs_openssl
from tests.patience import PATIENCE
from tests.platforms.closing import accept_no_more
from tests.platforms.model import Fault, ModelServer

ANSWER = event(chunk({"content": "Hello"})) + event(chunk({}, "stop")) + b"data: [DONE]\n\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server of one function, and its port. Connections end with it."""
    writers: list[asyncio.StreamWriter] = []

    async def remembered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await serve(reader, writer)

    server = await asyncio.start_server(remembered, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await accept_no_more([server])
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


async def request(reader: asyncio.StreamReader) -> bytes:
    """The head of one request; its body is read too."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    await reader.readexactly(int(lengths[0].split(b":")[1]))
    return head


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Answer one request, and keep the connection."""
    head = await request(reader)
    writer.write(HEAD % len(ANSWER) + ANSWER)
    return head


@asynccontextmanager
async def at(url: str, **options: object) -> AsyncIterator[Endpoint]:
    model = Endpoint(model="m", base_url=url, keys=["k"], **options)  # type: ignore[arg-type]
    try:
        yield model
    finally:
        await model.close()


async def test_a_connection_is_used_again() -> None:
    async with ModelServer() as server, endpoint(server) as model:
        for _ in range(3):
            await read(model)
        assert len({request.peer for request in server.requests}) == 1


async def test_an_answer_of_nothing_is_a_cut() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with listening(serve) as port, at(f"http://127.0.0.1:{port}/v1") as model:
        with pytest.raises(ModelCut, match="without a finish reason"):
            await read(model)


async def test_one_that_must_not_be_kept_is_not() -> None:
    async with ModelServer() as server, endpoint(server, tuning=Tuning(headers={"Connection": "close"})) as model:
        for _ in range(3):
            await read(model)
        assert len({request.peer for request in server.requests}) == 3


@pytest.mark.parametrize("end", ["done", "close"])
async def test_an_answer_that_does_not_end_keeps_nobody_waiting(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.model.transport.GRACE", 0.02 if end == "done" else 60)
    async with ModelServer(reply="Hello") as server:
        server.faults.append(Fault(how="open"))
        async with endpoint(server) as model:
            async with asyncio.timeout(PATIENCE):
                assert text_of(await read(model)) == "Hello"
            if end == "done":
                async with asyncio.timeout(PATIENCE):
                    await server.requests[-1].dropped.wait()
        async with asyncio.timeout(PATIENCE):
            await server.requests[-1].dropped.wait()


async def test_a_connection_that_the_server_just_closed_costs_nothing() -> None:
    heads = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heads
        await answer(reader, writer)
        heads += 1
        await reader.readuntil(b"\r\n\r\n")  # the next request crosses with the end of the connection
        writer.transport.abort()

    async with listening(serve) as port, at(f"http://127.0.0.1:{port}/v1") as model:
        assert [text_of(await read(model)) for _ in range(3)] == ["Hello"] * 3
    assert heads == 3


async def test_a_new_connection_that_ends_is_not_tried_again_here() -> None:
    async with ModelServer(reply="Hello") as server:
        server.faults.append(Fault(how="gone"))
        async with endpoint(server, model="loopback-model") as model:
            with pytest.raises(ModelUnreachable):
                await read(model)
        assert len(server.requests) == 1


async def test_what_came_before_a_cut_is_not_lost_to_a_slow_reader() -> None:
    async with ModelServer(reply="abcdef", chunk=2) as server, endpoint(server) as model:
        server.faults.append(Fault(how="cut", after=3))
        gate = server.hold(after=1)
        async with aclosing(model.stream(HI)) as deltas:
            pieces = [await anext(deltas)]
            gate.open()
            await asyncio.sleep(0.05)
            pieces.append(await anext(deltas))
            assert text_of(pieces) == "abcdef"
            with pytest.raises(ModelCut):
                await anext(deltas)


async def test_bytes_cut_anywhere_on_their_way() -> None:
    whole = event(chunk({"content": "你好 👋"}), end="\r\n") + ANSWER
    async with ModelServer() as server, endpoint(server) as model:
        server.faults.append(Fault(how="raw", body=[whole[at : at + 3] for at in range(0, len(whole), 3)]))
        assert text_of(await read(model)) == "你好 👋Hello"


async def test_an_answer_that_is_packed_all_the_same() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await request(reader))
        packed = gzip.compress(ANSWER)
        writer.write(HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") % len(packed) + packed)

    async with listening(serve) as port, at(f"http://127.0.0.1:{port}/v1") as model:
        assert text_of(await read(model)) == "Hello"
    assert heads[0].lower().count(b"\r\naccept-encoding: identity\r\n") == 1


async def test_as_many_at_once_as_are_asked_for() -> None:
    async with ModelServer() as server, endpoint(server) as model:
        gate = server.hold(after=0)
        asking = [asyncio.create_task(read(model)) for _ in range(130)]
        await gate.reached(130)
        gate.open()
        assert {text_of(deltas) for deltas in await asyncio.gather(*asking)} == {"You said: Hi"}


@pytest.mark.parametrize("before", ["the answer", "the first text"])
async def test_a_cancelled_request_leaves_nothing_behind(before: str) -> None:
    async with ModelServer(first=60 if before == "the answer" else 0) as server, endpoint(server) as model:
        gate = server.hold(after=0)
        asking = asyncio.create_task(read(model))
        await (server.asked() if before == "the answer" else gate.reached())
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(PATIENCE):
            await server.requests[-1].dropped.wait()
    gc.collect()  # an unclosed session or response would warn, and warnings are errors
    assert {task.get_name() for task in asyncio.all_tasks()} == {asyncio.current_task().get_name()}  # type: ignore[union-attr]


async def test_whoever_waits_for_an_answer_hears_that_the_endpoint_is_closed() -> None:
    async with ModelServer("Hello there") as server:
        gate = server.hold(after=1)
        model = Endpoint(base_url=server.url)
        deltas = model.stream(HI)
        assert (await anext(deltas)).text == "Hell"
        waiting = asyncio.create_task(anext(deltas))
        await gate.reached()
        await asyncio.sleep(0.05)
        await model.close()
        with pytest.raises(ModelCut, match="closed on this side"):
            await asyncio.wait_for(waiting, 5)


async def test_a_server_that_accepts_and_is_silent() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(serve) as port, at(f"http://127.0.0.1:{port}/v1", patience=Patience(first=0.05)) as model:
        with pytest.raises(ModelUnreachable, match=r"silent for 0\.05 s"):
            await read(model)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/v1", httpx2.ConnectError),
        ("http://model.invalid/v1", httpx2.ConnectError),
        ("ftp://127.0.0.1/v1", httpx2.UnsupportedProtocol),
        ("http:///v1", httpx2.UnsupportedProtocol),
    ],
)
async def test_failures_are_in_the_words_of_the_sdks_client(url: str, error: type[Exception]) -> None:
    async with httpx2.AsyncClient(transport=Transport(keep_alive=1, proxies=False)) as client:
        with pytest.raises(error):
            await client.get(url)


@pytest.mark.parametrize("broken", [b"nonsense\r\n\r\n", HEAD % 100 + b"data", b"HTTP/1.1 200 OK\r\nContent-Len"])
async def test_broken_http_is_a_protocol_error(broken: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(broken)
        writer.close()

    async with listening(serve) as port, httpx2.AsyncClient(transport=Transport(keep_alive=1, proxies=False)) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get(f"http://127.0.0.1:{port}/")


async def test_a_body_that_stalls_is_timed_out() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD % 100 + b"data")
        await reader.read()

    client = httpx2.AsyncClient(transport=Transport(keep_alive=1, proxies=False), timeout=0.1)
    async with listening(serve) as port, client:
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(f"http://127.0.0.1:{port}/")


async def test_a_netrc_does_not_replace_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with ModelServer(key="right") as server, endpoint(server, keys=["right"]) as model:
        await read(model)


async def test_a_password_in_the_url() -> None:
    async with ModelServer(reply="Hello") as server:
        url = server.url.replace("http://", "http://me:secret@")
        async with at(url) as model:
            with pytest.raises(ModelError) as caught:
                await read(model)  # the model "m" does not exist there, which is answer enough
        assert "secret" not in str(caught.value)
        assert len(server.requests) == 1


@needs_openssl
@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_needs_a_certificate_that_is_trusted(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, cert = certified(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(reader, writer)

    async with listening(serve, tls) as port, at(f"https://127.0.0.1:{port}/v1") as model:
        if trusted:
            assert text_of(await read(model)) == "Hello"
        else:
            with pytest.raises(ModelUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
                await read(model)
