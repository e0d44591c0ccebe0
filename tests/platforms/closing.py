"""How the loopback servers end."""

from __future__ import annotations

import asyncio

from aiohttp import web

STEPS = 5  # of the loop, in which a connection that was just accepted becomes one that aiohttp knows and closes


async def close(runner: web.AppRunner) -> None:
    """Listen no more, then close every connection, also one that came in the last moment: aiohttp forgets it."""
    for site in list(runner.sites):
        await site.stop()
    for _ in range(STEPS):
        await asyncio.sleep(0)
    transports = [known.transport for known in runner.server.connections if known.transport] if runner.server else []
    await runner.cleanup()
    for transport in transports:
        transport.abort()  # what a frozen process does not read is never sent
    await asyncio.sleep(0)
