"""Which messages an unanswered post may have left, by their ids alone."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress

import pytest

from bots.telegram.traces import KEPT, KEPT_PRIVATE, LOOKED_AT, MANY, SUPERGROUP, WHOLE, Traces
from core.errors import Unknown
from tests.clock import Clock

GROUP = SUPERGROUP - 5


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def traces(clock: Clock) -> Traces:
    return Traces(clock)


def posted(traces: Traces, chat: int, *, nonce: str = "n", id: int = 0) -> None:
    with traces.posting(chat, nonce):
        if id:
            traces.seen(chat, id)


def unanswered(traces: Traces, chat: int, nonce: str = "n") -> None:
    with suppress(Unknown), traces.posting(chat, nonce):
        raise Unknown


def test_suspect_is_what_lies_between_the_newest_message_before_the_post_and_the_newest_now(traces: Traces) -> None:
    for id in (3, 7):
        traces.seen(7, id)
    unanswered(traces, 7)
    assert traces.unknown(7, "n", 3) == []  # none is asked for that does not exist yet
    posted(traces, 7, id=11)
    traces.seen(7, 9)
    assert traces.unknown(7, "n", 3) == [8, 10]


def test_a_post_of_an_earlier_process_may_be_anything_after_what_it_follows(traces: Traces) -> None:
    traces.seen(7, 5)
    traces.seen(7, 8)
    posted(traces, 7, nonce="", id=9)
    assert traces.unknown(7, "", 3) == [4, 6, 7]
    assert traces.unknown(7, "", 0) == []


def test_private_chats_and_basic_groups_share_a_counter_and_supergroups_do_not(traces: Traces) -> None:
    traces.seen(7, 1)
    traces.seen(8, 2)
    traces.seen(-30, 4)
    traces.seen(GROUP, 90)
    traces.seen(GROUP - 1, 93)
    assert traces.unknown(7, "", 1) == [3]
    assert traces.unknown(GROUP, "", 87) == [88, 89]


def test_while_a_post_is_under_way_in_the_chat_nothing_is_suspect(traces: Traces) -> None:
    traces.seen(7, 3)
    with traces.posting(7, "n"):
        assert traces.unknown(7, "m", 1) is None
        assert traces.unknown(8, "m", 1) == [2]
    assert traces.unknown(7, "m", 1) == [2]


def test_likeliest_is_the_id_that_was_next_when_the_post_began(traces: Traces, clock: Clock) -> None:
    traces.seen(GROUP, 100)
    clock.now += 10
    unanswered(traces, GROUP)
    clock.now += 30
    traces.seen(GROUP, 121)
    found = traces.unknown(GROUP, "n", 100)
    assert found is not None
    assert found[:3] == [105, 106, 104]
    assert sorted(found) == list(range(101, 121))


def test_updates_tell_of_their_own_message_only(traces: Traces) -> None:
    """What it replies to, or whose button was pressed, may be the very copy."""
    old = {"message_id": 4, "chat": {"id": 7}}
    traces.update({"update_id": 1, "message": {"message_id": 6, "chat": {"id": 7}, "reply_to_message": old}})
    traces.update({"update_id": 2, "callback_query": {"message": {"message_id": 5, "chat": {"id": 7}}}})
    traces.update({"update_id": 3, "edited_message": {"message_id": 3, "chat": {"id": 7}}})
    for odd in ({}, {"message": None}, {"message": {"chat": {"id": "7"}, "message_id": 9}}, {"message": {"chat": 7}}):
        traces.update(odd)
    assert traces.unknown(7, "", 2) == [4, 5]


def test_what_was_forgotten_is_no_suspect(traces: Traces) -> None:
    for id in range(1, 6 * KEPT, 2):
        traces.seen(GROUP, id)
    found = traces.unknown(GROUP, "", 1)
    assert found is not None
    assert min(found) > KEPT
    assert {id % 2 for id in found} == {0}


def test_a_counter_where_nothing_was_posted_for_long_is_forgotten_unless_a_post_is_in_doubt_there(
    traces: Traces,
) -> None:
    traces.seen(GROUP - 7000, 10)
    unanswered(traces, GROUP - 7000)
    for chat in range(MANY + 5):
        traces.seen(GROUP - chat, 8)
        traces.seen(GROUP - chat, 10)
        posted(traces, GROUP - chat)
    assert traces.unknown(GROUP, "", 7) == []
    assert traces.unknown(GROUP - MANY, "", 7) == [9]
    traces.seen(GROUP - 7000, 12)
    assert traces.unknown(GROUP - 7000, "n", 7) == [11]


def test_a_million_ids_after_the_question_are_neither_listed_nor_sorted(traces: Traces) -> None:
    """As after a restart, when the person was away for long."""
    traces.seen(7, 2_000_003)
    traces.seen(7, 3_000_000)
    found = traces.unknown(7, "", 2_000_000)
    assert found == [2_000_001, 2_000_002, *range(2_000_004, 2_000_002 + LOOKED_AT)]
    tracemalloc.start()
    traces.unknown(7, "", 2_000_000)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def test_many_busy_chats_take_little_memory(traces: Traces) -> None:
    for id in range(2 * KEPT_PRIVATE + 1):
        traces.seen(7, id)
    for group in range(120):
        for id in range(2 * KEPT):
            traces.seen(GROUP - group, id)
    sizes = {name: len(ids.known) for name, ids in traces._counters.items()}
    assert sum(sizes.values()) == traces._size <= WHOLE
    assert max(sizes.values()) <= 2 * KEPT
    assert sizes[GROUP - 119] == 2 * KEPT


def test_a_post_that_was_answered_is_not_remembered(traces: Traces) -> None:
    for number in range(5):
        posted(traces, 7, nonce=f"n{number}", id=number + 1)
    unanswered(traces, 7, "n9")
    posted(traces, 7, nonce="n9", id=9)
    assert list(traces._begun) == [(7, "n9")]
    assert not traces._under_way
