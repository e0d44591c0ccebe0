"""How the loopback servers end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiohttp import web

STEPS = 5  # of the loop, in which a connection that was just accepted becomes one that its server knows and closes


async def close(runner: web.AppRunner) -> None:
    """Listen no more, then close every connection, also one that came in the last moment: aiohttp forgets it."""
    await accept_no_more(server for site in runner.sites if (server := getattr(site, "_server", None)))
    for site in list(runner.sites):
        await site.stop()
    transports = [known.transport for known in runner.server.connections if known.transport] if runner.server else []
    await runner.cleanup()
    for transport in transports:
        transport.abort()  # what a frozen process does not read is never sent
    await asyncio.sleep(0)


async def accept_no_more(servers: Iterable[asyncio.Server]) -> None:
    """What is accepted as its server closes, asyncio leaves open: `_attach` fails, and nobody closes the socket."""
    for server in servers:
        for listening in server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
    for _ in range(STEPS):
        await asyncio.sleep(0)
