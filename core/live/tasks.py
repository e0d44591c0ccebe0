"""Ends of asyncio tasks, for what must not be broken off and for what must be over; and the loop's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
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


@contextmanager
def no_strays() -> Iterator[None]:
    """Inside, being cancelled is an error like any other, unless it is this task that was cancelled.

    Awaiting a future that somebody else has cancelled raises CancelledError too, which no `except Exception` sees.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("something that was waited for was cancelled") from error


def loop_time() -> float:
    """Seconds, monotonic."""
    return asyncio.get_running_loop().time()
