"""What people see, and what history says, once everything has settled: the one judgement on every kill."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.soak.arena import Arena
from tests.soak.crowd import Asked, Person, Seen
from tests.soak.questions import answer

BEFORE_KILL, AFTER_KILL = 1.0, 1.0  # seconds around a kill in which a post may have lost its sender


@dataclass
class Verdict:
    """lost: no answer, or not the whole of it. duplicated: text on screen twice. orphans: of those, the posts that the
    process died on before it could learn their ids, on a platform without idempotency keys; the next
    one looks for them. unheard: slash commands
    whose users Discord told that nobody was there, which are no messages. ills: what else went wrong, and how often."""

    kills: int = 0
    messages: int = 0
    unheard: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    ills: Counter[str] = field(default_factory=Counter)

    @property
    def flaws(self) -> list[str]:
        return [*self.lost, *self.duplicated, *self.disordered, *self.history]

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.messages} messages: {len(self.lost)} lost, {len(self.duplicated)} duplicated, "
            f"{len(self.disordered)} out of order, {len(self.history)} wrong in history, {len(self.orphans)} orphans, "
            f"{self.unheard} unheard"
        )

    def told(self) -> str:
        """All of it: what went wrong, each flaw, and the counts."""
        ills = [f"{count:6} {what}" for what, count in sorted(self.ills.items())]
        return "\n".join([*ills, *self.orphans, *self.flaws, str(self)])


def judge(arena: Arena, people: Sequence[Person]) -> Verdict:
    """Look at everything that was asked so far. Call it when the inbox is done."""
    verdict, taken = Verdict(kills=len(arena.kills)), events(arena)
    for person in people:
        heard = [asked for asked in person.asked if (person.platform, asked.event) in taken or not person.slash]
        verdict.messages += len(heard)
        verdict.unheard += len(person.asked) - len(heard)
        for asked in heard:
            _one(arena, asked, verdict)
        _order(arena, person, verdict)
        _history(arena, person, heard, verdict)
    for row in arena.rows("SELECT inbox_row FROM deliveries WHERE state <> 'final' OR text <> ''"):
        verdict.history.append(f"delivery {row['inbox_row']} is not final")
    return verdict


def events(arena: Arena) -> set[tuple[str, str]]:
    """The platforms and ids of all messages that were taken."""
    return {(row["platform"], row["event"]) for row in arena.rows("SELECT platform, event FROM inbox")}


def settled(arena: Arena, people: Sequence[Person]) -> bool:
    """Whether all that was asked is answered, but for slash commands of which Discord says itself that they failed."""
    if arena.rows("SELECT 1 FROM inbox WHERE state <> 'done'"):
        return False
    taken = events(arena)
    missing = [(one, asked) for one in people for asked in one.asked if (one.platform, asked.event) not in taken]
    return all(person.unheard(asked) for person, asked in missing)


def official(arena: Arena, asked: Asked) -> list[Seen]:
    """The messages that Chinwag knows to be this answer, by page."""
    rows = arena.rows(
        "SELECT p.id FROM posts p JOIN inbox i ON i.id = p.inbox_row "
        "WHERE i.platform = :platform AND i.event = :event ORDER BY p.page",
        platform=asked.who.platform,
        event=asked.event,
    )
    on_screen = {seen.id: seen for seen in asked.who.screen()}
    return [on_screen[row["id"]] for row in rows if row["id"] in on_screen]


def _one(arena: Arena, asked: Asked, verdict: Verdict) -> None:
    name = f"Q{asked.number} ({asked.who.platform})"
    pages = official(arena, asked)
    shown = _squeezed("".join(page.text for page in pages))
    if shown != _squeezed(answer(asked.number)):
        verdict.lost.append(f"{name}: shows {shown[:60]!r}...{shown[-60:]!r}\n{_told(asked.who)}")
    known = {page.id for page in pages}
    for seen in asked.who.screen():
        if re.search(rf"\bQ{asked.number}\b", seen.text) and seen.id not in known:
            _leftover(arena, asked, seen, name, verdict)


def _leftover(arena: Arena, asked: Asked, seen: Seen, name: str, verdict: Verdict) -> None:
    killed = any(kill - BEFORE_KILL <= seen.posted <= kill + AFTER_KILL for kill in arena.kills)
    line = f"{name}: also #{seen.id} {seen.text[:60]!r}"
    if asked.who.platform == "telegram" and killed and seen.posted == seen.changed:
        verdict.orphans.append(line)
    else:
        verdict.duplicated.append(f"{line}\n{_told(asked.who)}")


def _order(arena: Arena, person: Person, verdict: Verdict) -> None:
    """Each answer was complete before the next of the same lane began."""
    spans = [
        (min(page.posted for page in pages), max(page.changed for page in pages), asked.number)
        for asked in person.asked
        if (pages := official(arena, asked))
    ]
    for (_, ended, first), (began, _, second) in pairwise(spans):
        if began < ended:
            verdict.disordered.append(f"Q{second} began before Q{first} was complete\n{_told(person)}")


def _history(arena: Arena, person: Person, heard: Sequence[Asked], verdict: Verdict) -> None:
    rows = arena.rows(
        "SELECT t.question, t.answer, t.state, t.note, i.event FROM turns t JOIN inbox i ON i.id = t.inbox_row "
        "WHERE i.platform = :platform ORDER BY t.session, t.seq",
        platform=person.platform,
    )
    mine = {asked.event: asked.number for asked in heard}
    found = [(mine[row["event"]], row["answer"], row["state"], row["note"]) for row in rows if row["event"] in mine]
    wanted = [(asked.number, answer(asked.number), "done", "") for asked in heard]
    if found != wanted:
        wrong = [f"{number} {state} {note!r} {len(text)}" for number, text, state, note in found]
        verdict.history.append(f"of {[number for number, *_ in wanted]} history has {wrong}")


def _told(person: Person, most: int = 40) -> str:
    """The end of what happened there, in lines of bearable length."""
    lines = person.transcript().splitlines()[-most:]
    return "\n".join(line if len(line) < 160 else f"{line[:100]} ... {line[-50:]}" for line in lines)


def _squeezed(text: str) -> str:
    """Pages end without the space at which they were cut."""
    return re.sub(r"\s+", "", text)


def summed(verdicts: Iterable[Verdict]) -> Verdict:
    """All of them as one; `kills` and `messages` are added up."""
    total = Verdict()
    for verdict in verdicts:
        total.kills += verdict.kills
        total.messages += verdict.messages
        total.unheard += verdict.unheard
        total.ills += verdict.ills
        for name in ("lost", "duplicated", "disordered", "history", "orphans"):
            getattr(total, name).extend(getattr(verdict, name))
    return total
