"""The process that `test_kill.py` kills: accepts messages without end, and prints each id once it is committed."""

from __future__ import annotations

import asyncio
import itertools
import sys

from core.store import Store
from core.types import Lane
from tests.core.store.conftest import KEY, incoming


async def main(url: str) -> None:
    store = await Store.open(url)
    numbers = itertools.count()

    async def platform(name: str) -> None:
        lane = Lane(KEY, name)
        lease = await store.leases.acquire(lane)
        for number in numbers:
            id = await store.inbox.accept(incoming(f"text {number}", f"{number}"), lane)
            sys.stdout.write(f"accepted {id} {number}\n")
            sys.stdout.flush()
            row = await store.inbox.next(lease) if number % 3 == 0 else None
            if row and await store.inbox.done(row.id, lease):
                sys.stdout.write(f"done {row.id}\n")
                sys.stdout.flush()

    await asyncio.gather(*(platform(f"{n}") for n in range(8)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
