"""A loopback server that ends leaves nothing behind, whatever comes in its last moment."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings
from contextlib import suppress

import pytest
from aiohttp import web

from tests.platforms.closing import close


@pytest.mark.parametrize("steps", range(5))
async def test_a_connection_of_the_last_moment_is_closed(steps: int) -> None:
    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gc.collect()
    with socket.create_connection(runner.addresses[0]) as client, warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        for _ in range(steps):
            await asyncio.sleep(0)
        await close(runner)
        gc.collect()
        client.settimeout(5)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    assert [str(warning.message) for warning in left] == []
