"""The running summary: written behind the answers, once, and never lost to a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import pytest
from langchain_core.messages import BaseMessage

from core.context import Window
from core.errors import ModelCut, ModelError
from core.model import Status
from core.store import Store
from core.summary import LONGEST, Summaries, prompt
from core.types import Delta, Lane, Session, Turn
from tests.clock import Clock
from tests.core.store.conftest import KEY, Place, answered, taken
from tests.patience import PATIENCE

WINDOW = Window(rounds=4, tokens=4000)


class Notes:
    """A model that writes notes: `says` is what comes, `gate` holds it back."""

    def __init__(self) -> None:
        self.says: str | ModelError = "Bo has a cat."
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.context_tokens = None

    def status(self) -> Status:
        return Status("notes", True)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        self.asked.append(str(messages[-1].content))
        await self.gate.wait()
        if isinstance(self.says, ModelError):
            raise self.says
        yield Delta(self.says[:3])
        yield Delta(self.says[3:], finish="stop")


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000.0)


@pytest.fixture
async def store(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> AsyncIterator[Store]:
    place = Place(tmp_path_factory.mktemp("summary") / "chinwag.db", clock)
    yield await place.open()
    await place.close()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
async def summaries(store: Store, notes: Notes) -> AsyncIterator[Summaries]:
    summaries = Summaries(store, notes, WINDOW)
    yield summaries
    await summaries.close()


async def talk(store: Store, rounds: int, start: int = 1) -> str:
    session = await store.sessions.current(KEY)
    for n in range(start, start + rounds):
        await answered(store, session.id, f"question {n}", f"answer {n}")
    return session.id


async def idle(summaries: Summaries) -> None:
    async with asyncio.timeout(PATIENCE):
        while summaries._running:
            await asyncio.sleep(0.001)


async def now(store: Store, id: str) -> Session:
    session = await store.sessions.get(id)
    assert session is not None
    return session


async def test_while_the_window_has_room_the_model_is_not_asked(
    store: Store, notes: Notes, summaries: Summaries
) -> None:
    id = await talk(store, 3)
    summaries.tend(id)
    await idle(summaries)
    assert not notes.asked
    assert (await now(store, id)).first == 1


async def test_the_older_half_is_folded_before_the_window_is_full(
    store: Store, notes: Notes, summaries: Summaries
) -> None:
    id = await talk(store, 4)
    summaries.tend(id)
    await idle(summaries)
    session = await now(store, id)
    assert (session.summary, session.first, session.folded) == ("Bo has a cat.", 3, 2)
    assert "question 2" in notes.asked[0]
    assert "question 3" not in notes.asked[0]


async def test_the_next_summary_is_made_of_the_last_one_and_what_was_said_since(
    store: Store, notes: Notes, summaries: Summaries
) -> None:
    id = await talk(store, 4)
    summaries.tend(id)
    await idle(summaries)
    await talk(store, 2, start=5)
    notes.says = "Bo has two cats."
    summaries.tend(id)
    await idle(summaries)
    session = await now(store, id)
    assert (session.summary, session.first) == ("Bo has two cats.", 5)
    assert "Bo has a cat." in notes.asked[1]
    assert "question 2" not in notes.asked[1]
    assert "question 4" in notes.asked[1]


async def test_one_at_a_time_per_session(store: Store, notes: Notes, summaries: Summaries) -> None:
    id = await talk(store, 4)
    notes.gate.clear()
    for _ in range(3):
        summaries.tend(id)
        await asyncio.sleep(0.02)
    notes.gate.set()
    await idle(summaries)
    assert len(notes.asked) == 1


@pytest.mark.parametrize("failure", [ModelCut("cut"), "", " \n"])
async def test_a_summary_that_failed_is_written_after_the_next_answer(
    store: Store, notes: Notes, summaries: Summaries, failure: str | ModelError
) -> None:
    id = await talk(store, 4)
    notes.says = failure
    summaries.tend(id)
    await idle(summaries)
    assert (await now(store, id)).first == 1
    await store.sessions.skip(id, 4)  # meanwhile the window was full, and was cut without a summary
    notes.says = "All of it."
    await talk(store, 1, start=5)
    summaries.tend(id)
    await idle(summaries)
    session = await now(store, id)
    assert (session.summary, session.first, session.folded) == ("All of it.", 4, 3)
    assert "question 1" in notes.asked[-1]


async def test_what_was_forgotten_meanwhile_does_not_come_back(
    store: Store, notes: Notes, summaries: Summaries
) -> None:
    id = await talk(store, 4)
    summaries.tend(id)
    await idle(summaries)
    await talk(store, 2, start=5)
    notes.gate.clear()
    summaries.tend(id)
    async with asyncio.timeout(PATIENCE):
        while len(notes.asked) < 2:
            await asyncio.sleep(0.001)
    await store.sessions.forget(id)
    notes.gate.set()
    await idle(summaries)
    session = await now(store, id)
    assert (session.summary, session.first) == ("", 3)


async def test_a_session_that_is_deleted_meanwhile(store: Store, notes: Notes, summaries: Summaries) -> None:
    id = await talk(store, 4)
    notes.gate.clear()
    summaries.tend(id)
    await asyncio.sleep(0.02)
    await store.sessions.delete(id)
    notes.gate.set()
    await idle(summaries)
    assert await store.sessions.get(id) is None


async def test_a_summary_never_grows_without_end(store: Store, notes: Notes, summaries: Summaries) -> None:
    id = await talk(store, 4)
    notes.says = "x" * 3 * LONGEST
    summaries.tend(id)
    await idle(summaries)
    assert len((await now(store, id)).summary) == LONGEST


def test_what_people_wrote_is_never_a_template() -> None:
    said = Turn("s", 1, "{name}", "{question} {x}", "{answer}", "done", False, 0.0)
    asked = prompt("{notes}", [said])[-1].content
    assert "{name}: {question} {x}\nAssistant: {answer}" in asked
    assert "{notes}" in asked


async def test_a_turn_that_is_still_being_answered_is_neither_folded_over_nor_skipped(
    store: Store, notes: Notes, summaries: Summaries
) -> None:
    """Somebody's long answer in a group, while the others go on."""
    id = await talk(store, 1)
    row, lease = await taken(store, "the slow question", Lane(KEY, "somebody else"))
    slow = await store.turns.open(row.id, lease, id, "Ada", "the slow question")
    assert slow is not None
    await talk(store, 6, start=3)
    summaries.tend(id)
    await idle(summaries)
    assert "the slow question" not in notes.asked[0]
    await store.sessions.skip(id, 6)
    session = await store.sessions.get(id)
    assert session is not None
    assert (session.folded, session.first) == (1, slow.seq)
    assert await store.turns.finish(row.id, lease, slow, answer="Mitzi", state="done")
    summaries.tend(id)
    await idle(summaries)
    assert "the slow question" in notes.asked[-1]
    session = await store.sessions.get(id)
    assert session is not None
    assert session.folded > slow.seq


@pytest.mark.parametrize(
    ("deltas", "kept"),
    [
        ([Delta("Bo has a d"), Delta("Bo has a cat.", anew=True)], "Bo has a cat."),
        ([Delta("x" * 1500)] * 9, "x" * LONGEST),
    ],
)
async def test_what_is_void_or_too_much_is_not_kept(
    store: Store, notes: Notes, summaries: Summaries, monkeypatch: pytest.MonkeyPatch, deltas: list[Delta], kept: str
) -> None:
    given: list[Delta] = []

    async def stream(messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        for delta in deltas:
            given.append(delta)
            yield delta

    monkeypatch.setattr(notes, "stream", stream)
    id = await talk(store, 4)
    summaries.tend(id)
    await idle(summaries)
    session = await store.sessions.get(id)
    assert session is not None
    assert session.summary == kept
    assert len(given) < 4  # a model that never ends is not read to its end
