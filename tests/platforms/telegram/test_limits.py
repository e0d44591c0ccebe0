"""Flood control on a clock that the test moves, as the real client meets it and by itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import Bot
from telegram.error import BadRequest, RetryAfter

from tests.clock import Clock
from tests.platforms.telegram import Rates, TelegramServer, Window
from tests.platforms.telegram.client import connected
from tests.platforms.telegram.limits import Limits
from tests.platforms.telegram.rejected import Rejected

GROUP = -1000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock):
    async with TelegramServer(clock=clock) as server:
        yield server


@pytest.fixture
async def bot(server: TelegramServer):
    async with connected(server) as bot:
        yield bot


async def seconds_to_wait(bot: Bot, chat: int, thread: int | None = None) -> float:
    with pytest.raises(RetryAfter, match="Retry in") as caught:
        await bot.send_message(chat, "too fast", message_thread_id=thread)
    return caught.value.retry_after.total_seconds()  # type: ignore[union-attr]


async def test_a_group_takes_20_sends_and_edits_in_a_minute(server, bot, clock):
    """As measured: a send and 19 edits, one a second, pass; the next is refused until the first is a minute old."""
    group = server.group("Talk")
    sent = await bot.send_message(group.id, "0")
    for number in range(1, 20):
        clock.advance(1)
        await sent.edit_text(str(number))
    clock.advance(1)
    assert await seconds_to_wait(bot, group.id) == 40
    clock.advance(40)
    await bot.send_message(group.id, "room for one")
    assert await seconds_to_wait(bot, group.id) == 1
    assert (server.limits.writes[group.id], server.limits.refused[group.id]) == (21, 2)


async def test_topics_share_the_groups_20_and_other_groups_have_their_own(server, bot, clock):
    forum, other = server.group("Forum", forum=True), server.group("Other")
    one, two = await forum.topic("one"), await forum.topic("two")
    for number in range(20):
        clock.advance(0.1)
        await bot.send_message(forum.id, str(number), message_thread_id=one if number % 2 else two)
    assert await seconds_to_wait(bot, forum.id, one) == 59
    assert await bot.send_message(other.id, "free")


async def test_a_private_chat_takes_a_burst_and_then_one_a_second(server, bot, clock):
    chat = server.private(server.user(7, "Ada"))
    for number in range(5):
        await bot.send_message(7, str(number))
    assert await seconds_to_wait(bot, 7) == 1
    for number in range(60):
        clock.advance(1)
        await bot.send_message(7, f"paced {number}")
    assert await seconds_to_wait(bot, 7) == 1
    assert len(chat.messages) == 65


async def test_30_a_second_over_all_chats(server, bot, clock):
    for id in range(1, 32):
        server.private(server.user(id, "Somebody"))
    for id in range(1, 31):
        await bot.send_message(id, "news")
    assert await seconds_to_wait(bot, 31) == 1
    clock.advance(1)
    assert await bot.send_message(31, "news")


async def test_drafts_and_chat_actions_share_a_budget_that_writes_do_not_touch(server, bot, clock):
    chat = server.private(server.user(7, "Ada"))
    for number in range(10):
        await bot.send_chat_action(7, "typing")
        await bot.send_message_draft(7, 1, f"draft {number}")
    with pytest.raises(RetryAfter):
        await bot.send_chat_action(7, "typing")
    assert chat.draft
    assert await bot.send_message(7, "done")
    assert chat.draft is None


async def test_a_draft_is_shown_for_half_a_minute(server, bot, clock):
    chat = server.private(server.user(7, "Ada"))
    await bot.send_message_draft(7, 1, "thinking")
    clock.advance(29)
    assert chat.draft
    clock.advance(2)
    assert chat.draft is None


async def test_an_edit_that_changes_nothing_costs_a_write_and_a_refused_text_does_not(server, bot):
    group = server.group("Talk")
    sent = await bot.send_message(group.id, "same")
    with pytest.raises(BadRequest):
        await sent.edit_text("same")
    with pytest.raises(BadRequest):
        await sent.edit_text("")
    assert server.limits.writes[group.id] == 2


async def test_other_calls_are_free(server, bot):
    chat = server.private(server.user(7, "Ada"))
    for _ in range(10):
        await bot.get_chat(7)
        await bot.get_me()
    sent = await bot.send_message(7, "x")
    for emoji in "👀👌" * 10:
        await sent.set_reaction(emoji)
    await sent.delete()
    assert chat.messages == []


def wait(limits: Limits, chat: int) -> int:
    """0 when a write passes, else the seconds of its 429."""
    try:
        limits.write(chat)
    except Rejected as rejected:
        return int((rejected.parameters or {})["retry_after"])
    return 0


def test_who_calls_again_while_blocked_waits_twice_as_long_each_time(clock):
    limits = Limits(Rates(group=Window(1, 10), penalty=True, penalty_cap=60), clock)
    assert [wait(limits, GROUP) for _ in range(6)] == [0, 10, 20, 40, 60, 60]
    clock.advance(59)
    assert wait(limits, GROUP) == 60
    clock.advance(60)
    assert [wait(limits, GROUP), wait(limits, GROUP)] == [0, 10]


def test_without_penalty_calling_early_changes_nothing(clock):
    limits = Limits(Rates(group=Window(1, 10)), clock)
    assert [wait(limits, GROUP) for _ in range(3)] == [0, 10, 10]
    clock.advance(10)
    assert wait(limits, GROUP) == 0


@settings(deadline=None)
@given(st.lists(st.floats(0, 8), min_size=1, max_size=80))
def test_no_window_ever_holds_more_than_its_calls(pauses):
    clock = Clock()
    limits = Limits(Rates(group=Window(5, 20)), clock)
    taken = []
    for pause in pauses:
        clock.advance(pause)
        if not wait(limits, GROUP):
            taken.append(clock())
    assert all(later - earlier >= 20 - 1e-6 for earlier, later in zip(taken, taken[5:], strict=False))


@settings(deadline=None)
@given(st.lists(st.floats(0, 3), min_size=1, max_size=80))
def test_who_waits_as_told_is_let_through(pauses):
    clock = Clock()
    limits = Limits(Rates(private_burst=3, overall=None), clock)
    for pause in pauses:
        clock.advance(pause)
        told = wait(limits, 7)
        if told:
            clock.advance(told)
            assert wait(limits, 7) == 0


def test_no_limits():
    limits = Limits(Rates.unlimited(), Clock())
    assert [wait(limits, chat) for chat in (7, GROUP) * 100] == [0] * 200
