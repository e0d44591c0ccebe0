"""The queue: limits hold, nobody starves, places are true, and nothing that is cancelled keeps a slot."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.queue import AGAIN, PATIENCE, Queue
from tests.virtual import run


def now() -> float:
    return asyncio.get_running_loop().time()


class Office:
    """Requests that each take a while, and what happened: `order` of starts, and how long each waited."""

    def __init__(self, queue: Queue, takes: float = 1.0) -> None:
        self.queue, self.takes = queue, takes
        self.order: list[str] = []
        self.waited: list[float] = []
        self.at_once: dict[Hashable, int] = {}
        self.most: dict[Hashable, int] = {}
        self.places: list[tuple[float, int]] = []

    async def ask(self, user: str, name: str = "", *, endpoint: Hashable = "e", each: int = 0, tokens: int = 0) -> None:
        came = now()
        async with self.queue.slot(user, endpoint, each=each, tokens=tokens):
            self.order.append(name or user)
            self.waited.append(now() - came)
            self._count(endpoint, 1)
            try:
                await asyncio.sleep(self.takes)
            finally:
                self._count(endpoint, -1)

    def _count(self, endpoint: Hashable, by: int) -> None:
        for key in (endpoint, "all"):
            self.at_once[key] = self.at_once.get(key, 0) + by
            self.most[key] = max(self.most.get(key, 0), self.at_once[key])

    def told(self, place: int) -> None:
        self.places.append((now(), place))


def test_no_more_than_the_limit_run_at_once_and_all_get_their_turn() -> None:
    async def main() -> None:
        office = Office(Queue(3))
        await asyncio.gather(*(office.ask(f"u{n}") for n in range(10)))
        assert office.most["all"] == 3
        assert len(office.order) == 10
        assert now() == 4.0
        assert (office.queue.running, office.queue.waiting) == (0, 0)

    run(main())


def test_one_users_questions_keep_their_order() -> None:
    async def main() -> None:
        office = Office(Queue(1))
        await asyncio.gather(*(office.ask("dana", str(n)) for n in range(5)))
        assert office.order == ["0", "1", "2", "3", "4"]

    run(main())


def test_users_take_turns_however_much_one_of_them_asks() -> None:
    async def main() -> None:
        office = Office(Queue(1))
        flood = [office.ask("flood", f"f{n}") for n in range(4)]
        await asyncio.gather(*flood, office.ask("ann", "a0"), office.ask("ann", "a1"), office.ask("bob", "b0"))
        assert office.order == ["f0", "a0", "b0", "f1", "a1", "f2", "f3"]

    run(main())


def test_who_withdrew_questions_is_not_held_back_for_them() -> None:
    async def main() -> None:
        office = Office(Queue(1))
        tasks = [asyncio.create_task(office.ask("dana", f"d{n}")) for n in range(9)]
        tasks += [asyncio.create_task(office.ask("eve", f"e{n}")) for n in range(3)]
        await asyncio.sleep(0.5)
        for task in tasks[1:8]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert office.order == ["d0", "e0", "d8", "e1", "e2"]

    run(main())


def test_nobody_waits_for_ever_although_somebody_new_comes_every_second() -> None:
    async def main() -> None:
        office = Office(Queue(1))
        dana = [asyncio.create_task(office.ask("dana")) for _ in range(3)]
        new = []
        for n in range(30):
            new.append(asyncio.create_task(office.ask(f"new{n}")))
            await asyncio.sleep(1.0)
        await asyncio.gather(*dana, *new)
        assert max(i for i, user in enumerate(office.order) if user == "dana") < 20

    run(main())


def test_who_has_nothing_running_goes_before_who_has() -> None:
    async def main() -> None:
        queue = Queue(2)
        office = Office(queue)
        flood = [asyncio.create_task(office.ask("flood", f"f{n}")) for n in range(6)]
        await asyncio.sleep(0.5)
        await office.ask("ann")
        assert office.order[:3] == ["f0", "f1", "ann"]
        assert office.waited[2] == 0.5
        await asyncio.gather(*flood)

    run(main())


def test_an_endpoint_that_is_full_does_not_hold_up_another() -> None:
    async def main() -> None:
        office = Office(Queue(4))
        slow = [office.ask(f"s{n}", endpoint="slow", each=1) for n in range(3)]
        await asyncio.gather(*slow, *(office.ask(f"q{n}", endpoint="quick", each=2) for n in range(2)))
        assert office.most["slow"] == 1
        assert office.order == ["s0", "q0", "q1", "s1", "s2"]

    run(main())


def test_one_users_wait_for_a_full_endpoint_does_not_hold_up_their_question_to_another() -> None:
    async def main() -> None:
        office = Office(Queue())
        asked = [("a", "slow"), ("b", "slow"), ("c", "quick")]
        await asyncio.gather(*(office.ask("dana", name, endpoint=to, each=1) for name, to in asked))
        assert office.order == ["a", "c", "b"]

    run(main())


def test_the_place_is_told_when_it_takes_a_while_and_no_sooner() -> None:
    async def main() -> None:
        queue = Queue(1)
        office = Office(queue, takes=4.0)
        first = asyncio.create_task(office.ask("ann"))
        second = asyncio.create_task(office.ask("bob"))
        await asyncio.sleep(0)
        async with queue.slot("cyd", "e", place=office.told):
            assert now() == 8.0
        async with queue.slot("cyd", "e", place=office.told):
            pass  # at once: nobody is told anything
        assert office.places == [(PATIENCE, 2), (PATIENCE + AGAIN, 1), (8.0, 0)]
        await asyncio.gather(first, second)

    run(main())


def test_a_waiter_that_is_cancelled_leaves_no_trace() -> None:
    async def main() -> None:
        queue = Queue(1)
        office = Office(queue)
        tasks = [asyncio.create_task(office.ask(user)) for user in ("ann", "bob", "cyd")]
        await asyncio.sleep(0.5)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert office.order == ["ann", "cyd"]
        assert now() == 2.0
        assert (queue.running, queue.waiting) == (0, 0)

    run(main())


def test_a_slot_granted_to_who_is_cancelled_in_that_moment_goes_to_the_next() -> None:
    async def main() -> None:
        queue = Queue(1)
        office = Office(queue)
        holding = queue.slot("ann", "e")
        await holding.__aenter__()
        bob, cyd = (asyncio.create_task(office.ask(user)) for user in ("bob", "cyd"))
        await asyncio.sleep(0)
        await holding.__aexit__(None, None, None)  # grants bob's, who has not woken up yet
        bob.cancel()
        await asyncio.gather(bob, cyd, return_exceptions=True)
        assert office.order == ["cyd"]
        assert (queue.running, queue.waiting) == (0, 0)

    run(main())


def test_tokens_a_minute_are_kept_to_and_settled_by_what_was_really_used() -> None:
    async def main() -> None:
        queue = Queue(per_minute=600)  # ten a second
        async with queue.slot("ann", "e", tokens=500) as slot:
            slot.used = 100  # 400 come back
        office = Office(queue, takes=0.0)
        await office.ask("bob", tokens=500)
        assert now() == 0.0
        await office.ask("cyd", tokens=300)
        assert now() == pytest.approx(30.0)
        await office.ask("dan", endpoint="another", tokens=600)
        assert now() == pytest.approx(30.0)

    run(main())


def test_a_request_larger_than_a_minutes_tokens_goes_when_all_of_them_are_there() -> None:
    async def main() -> None:
        office = Office(Queue(per_minute=600), takes=0.0)
        await office.ask("ann", tokens=300)
        await office.ask("bob", tokens=5000)
        assert now() == pytest.approx(30.0)

    run(main())


def test_small_requests_do_not_overtake_a_large_one_for_ever() -> None:
    async def main() -> None:
        office = Office(Queue(per_minute=600), takes=0.0)
        await office.ask("first", tokens=600)
        large = office.ask("large", tokens=400)
        await asyncio.gather(large, *(office.ask(f"u{n}", tokens=50) for n in range(10)))
        assert office.order[:2] == ["first", "large"]

    run(main())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 1), st.floats(0, 3), st.floats(0.1, 2), st.booleans()), max_size=25
    ),
    st.integers(1, 3),
)
def test_whatever_is_cancelled_when_limits_hold_and_every_slot_comes_back(
    asks: list[tuple[int, int, float, float, bool]], most: int
) -> None:
    async def main() -> None:
        queue = Queue(most)
        office = Office(queue)

        async def one(user: int, endpoint: int, start: float, cut: float, cancelled: bool) -> None:
            await asyncio.sleep(start)
            task = asyncio.create_task(office.ask(str(user), endpoint=endpoint, each=2))
            if cancelled:
                await asyncio.sleep(cut)
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        async with asyncio.timeout(100):
            await asyncio.gather(*(one(*ask) for ask in asks))
        assert (queue.running, queue.waiting) == (0, 0)
        assert office.most.get("all", 0) <= most
        assert all(office.most.get(endpoint, 0) <= 2 for endpoint in (0, 1))
        assert not queue._users

    run(main())
