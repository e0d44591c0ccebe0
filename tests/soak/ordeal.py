"""Kills at random instants under load, and all the rest that can go wrong: all ask, the process dies up to three times,
all is settled and judged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.soak.arena import Arena
from tests.soak.checks import Verdict, judge, settled, summed
from tests.soak.crowd import Person
from tests.soak.ills import Ills

AT_MOST = 2  # kills between two judgements: a message that dies thrice without getting further is taken for the cause
COLD = 6  # one of so many rounds begins with a new database
NOTED = "SELECT 1 FROM facts WHERE name LIKE 'discord:session:%'"


@dataclass
class Ordeal:
    """seed decides everything: who asks when, when the process dies, and what else goes wrong.

    ills: whether anything else does. say: told of each round.
    """

    arena: Arena
    people: Sequence[Person]
    seed: int
    ills: bool = True
    say: Callable[[str], None] = print
    counts: Counter[str] = field(default_factory=Counter)
    number: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.people = list(self.people)

    async def run(self, kills: int) -> Verdict:
        """Until so many kills are survived, or a round leaves a flaw."""
        verdicts: list[Verdict] = []
        calls = Ills(self.seed)
        if self.ills:
            calls.befall(self.arena)
        self.arena.start()
        await self._listening()
        while (total := summed(verdicts)).kills < kills and not total.flaws:
            verdicts.append(await self.round(min(self.random.randint(1, AT_MOST), kills - total.kills), not verdicts))
            self.say(f"round {len(verdicts):3}: {verdicts[-1]}")
        await self.arena.stop()
        total = summed(verdicts)
        total.ills = calls.counts + self.counts
        return total

    async def round(self, kills: int, first: bool) -> Verdict:
        for person in self.people:
            person.asked.clear()
        cold = self.ills and not first and self.random.randrange(COLD) == 0
        if cold:
            await self._begin_anew()
        # A place that is new is known by the session alone, until something was taken there.
        lasting = not self.ills or first or cold or self.random.random() < 0.5
        if self.ills:
            self._somebody_new(also_on_discord=lasting)
        self.arena.kills.clear()
        dropping = asyncio.create_task(self._drop(lasting, self._luck()))
        asking = asyncio.gather(*(self._ask(person, self._luck()) for person in self.people))
        for _ in range(kills):
            await asyncio.sleep(self.random.uniform(0.0, 1.6))
            await self.arena.kill()
            self.arena.start()
        await asking
        dropping.cancel()
        await self.arena.up()
        try:
            await self.arena.until(lambda: settled(self.arena, self.people), "all to be answered", timeout=30.0)
        except AssertionError as error:
            self.say(str(error).partition("\n")[0])
        return judge(self.arena, self.people)  # which names what is not

    def _luck(self) -> Random:
        """For one who acts beside others, so that it does not matter who is quicker."""
        return Random(self.random.random())

    async def _listening(self) -> None:
        await self.arena.up()
        await self.arena.until(lambda: self.arena.rows(NOTED), "the session to be noted", timeout=30.0)

    async def _begin_anew(self) -> None:
        """Somebody has deleted the database: nothing is known of anybody."""
        self.counts["start: new database"] += 1
        await self.arena.until(lambda: not self.arena.telegram.updates.pending, "Telegram to know what was taken")
        await self.arena.stop()
        for file in self.arena.folder.glob("chinwag.db*"):
            file.unlink()
        for person in self.people:
            person.known = False
        self.arena.start()
        await self._listening()

    def _somebody_new(self, also_on_discord: bool) -> None:
        """Writes for the first time, in a place that Chinwag has never seen."""
        for platform in ("telegram", "discord") if also_on_discord else ("telegram",):
            private = [at for at, one in enumerate(self.people) if one.platform == platform and not one.slash]
            at = self.random.choice(private)
            self.number += 1
            self.people[at] = self.people[at].another(self.number)
            self.counts[f"start: new chat on {platform}"] += 1

    async def _drop(self, lasting: bool, random: Random) -> None:
        """Cut the event stream now and then. lasting: its session can be taken up again."""
        while self.ills:
            await asyncio.sleep(random.uniform(0.2, 1.2))
            if not self.arena.discord.gateway.ready:
                continue
            if expired := not lasting and random.random() < 0.6:
                self.arena.discord.expire_sessions()
            self.arena.discord.refuse_gateway(random.choice((0, 0, 1)))
            self.counts[f"gateway: dropped{', its session gone' if expired else ''}"] += 1
            await self.arena.discord.drop()

    async def _ask(self, person: Person, random: Random) -> None:
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            await asyncio.sleep(random.uniform(0.0, 1.0))
            while not person.ready:
                await asyncio.sleep(0.02)
            self.number += 1
            await person.ask(self.number)
