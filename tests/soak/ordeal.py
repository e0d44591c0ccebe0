"""Kills at random instants under load: all ask, the process dies up to three times, all is settled and judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.soak.arena import Arena
from tests.soak.checks import Verdict, judge, summed
from tests.soak.crowd import Person

AT_MOST = 3  # kills between two judgements: a message that dies more often is taken to be the cause


@dataclass
class Ordeal:
    """random decides everything: who asks when, and when the process dies. say: told of each round."""

    arena: Arena
    people: Sequence[Person]
    random: Random
    say: Callable[[str], None] = print
    number: int = 0

    async def run(self, kills: int) -> Verdict:
        """Until so many kills are survived, or a round leaves a flaw."""
        verdicts: list[Verdict] = []
        self.arena.start()
        await self.arena.up()
        while (total := summed(verdicts)).kills < kills and not total.flaws:
            verdicts.append(await self.round(min(self.random.randint(1, AT_MOST), kills - total.kills)))
            self.say(f"round {len(verdicts):3}: {verdicts[-1]}")
        await self.arena.stop()
        return summed(verdicts)

    async def round(self, kills: int) -> Verdict:
        self.arena.kills.clear()
        for person in self.people:
            person.asked.clear()
        before = self.arena.taken
        asking = asyncio.gather(*(self._ask(person) for person in self.people))
        for _ in range(kills):
            await asyncio.sleep(self.random.uniform(0.0, 1.6))
            await self.arena.kill()
            self.arena.start()
        await asking
        await self.arena.up()
        await self.arena.settled(before + sum(len(person.asked) for person in self.people), timeout=60.0)
        return judge(self.arena, self.people)

    async def _ask(self, person: Person) -> None:
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            await asyncio.sleep(self.random.uniform(0.0, 1.0))
            self.number += 1
            await person.ask(self.number)
