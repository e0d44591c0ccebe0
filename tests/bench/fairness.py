"""One person with thirty questions, ten people with one each, four requests at once: who waits how long.

In virtual time, with answers of eight seconds. First come, first served is what a plain semaphore does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from statistics import mean

from core.model.queue import Queue
from tests.virtual import run

LIMIT, FLOOD, PEOPLE, ANSWER = 4, 30, 10, 8.0

Enter = Callable[[str], AbstractAsyncContextManager[object]]


def waits(fair: bool) -> dict[str, list[float]]:
    """Seconds that each question of each user waited."""
    return run(_day(fair))


async def _day(fair: bool) -> dict[str, list[float]]:
    queue, line = Queue(LIMIT), asyncio.Semaphore(LIMIT)
    enter: Enter = (lambda user: queue.slot(user, "endpoint")) if fair else (lambda user: line)
    people = [f"person {number}" for number in range(1, PEOPLE + 1)]
    waited: dict[str, list[float]] = {user: [] for user in ["flood", *people]}

    async def ask(user: str) -> None:
        came = asyncio.get_running_loop().time()
        async with enter(user):
            waited[user].append(asyncio.get_running_loop().time() - came)
            await asyncio.sleep(ANSWER)

    asking = [asyncio.create_task(ask("flood")) for _ in range(FLOOD)]
    for person in people:
        await asyncio.sleep(0.5)
        asking.append(asyncio.create_task(ask(person)))
    await asyncio.gather(*asking)
    return waited


def report() -> str:
    """A table in Markdown."""
    rows = [
        f"{FLOOD} questions of one user, then {PEOPLE} users with one each (one every 0.5 s), {LIMIT} at once, "
        f"answers of {ANSWER:g} s; virtual time",
        "",
        "| | the ten wait, mean | longest | the flood's first ten, mean | its last | all done after |",
        "|---|---|---|---|---|---|",
    ]
    for name, fair in (("first come, first served", False), ("fair", True)):
        waited = waits(fair)
        flood, others = sorted(waited["flood"]), [waited[user][0] for user in waited if user != "flood"]
        rows.append(
            f"| {name} | {mean(others):.1f} s | {max(others):.1f} s | {mean(flood[:10]):.1f} s | {flood[-1]:.1f} s "
            f"| {(FLOOD + PEOPLE) / LIMIT * ANSWER:.0f} s |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    print(report())
