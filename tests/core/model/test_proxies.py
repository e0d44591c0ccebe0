"""A proxy that the environment names is used, passed by where it must be, and never betrays its password."""

from __future__ import annotations

import asyncio
import base64

import pytest

from core.errors import ModelUnreachable
from core.model.client import Tuning
from tests.core.model.asking import endpoint, read, text_of
from tests.core.model.test_transport import answer, at, listening
from tests.platforms.model import ModelServer


class Proxy:
    """A proxy that answers by itself."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await answer(reader, writer))


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_used(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    proxy = Proxy()
    async with listening(proxy) as port:
        monkeypatch.setenv(variable, f"http://me:secret@127.0.0.1:{port}")
        monkeypatch.setenv(variable.lower(), f"http://me:secret@127.0.0.1:{port}")
        async with at("http://model.invalid/v1") as model:
            assert text_of(await read(model)) == "Hello"
    (head,) = proxy.heads
    assert head.startswith(b"POST http://model.invalid/v1/chat/completions ")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:secret") in head
    assert b"\r\nauthorization: bearer k\r\n" in head.lower()


@pytest.mark.parametrize("how", ["NO_PROXY", "setting"])
async def test_a_proxy_is_passed_by(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1" if how == "NO_PROXY" else "")
    tuning = Tuning(proxies=how == "NO_PROXY")
    async with ModelServer(reply="Hello") as server, endpoint(server, tuning=tuning) as model:
        assert text_of(await read(model)) == "Hello"


@pytest.mark.parametrize("proxy", ["http://me:secret@127.0.0.1:1", "socks5://me:secret@127.0.0.1:1", "me:secret@[:1"])
async def test_a_proxy_that_fails_is_named_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy)
    async with at("http://model.invalid/v1") as model:
        with pytest.raises(ModelUnreachable) as caught:
            await read(model)
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
