"""Ends of asyncio tasks, for what must not be broken off and for what must be over; and the loop's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def unbroken(call: Coroutine[Any, Any, T]) -> T:
    """Await a call that has begun to its end, also when we are cancelled meanwhile."""
    task = asyncio.create_task(call)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel them and wait until they are over."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def loop_time() -> float:
    """Seconds, monotonic."""
    return asyncio.get_running_loop().time()
