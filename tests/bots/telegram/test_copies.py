"""A post that Telegram applied and did not answer is made again: in the end one copy of each page stands on screen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bots.telegram import TelegramBot
from bots.telegram.request import SEND_READ_TIMEOUT
from bots.telegram.surface import TelegramSurface
from core.commands.actions import live, under
from core.errors import TooFast, Unknown
from core.live import doubts as doubts_
from core.live import pacer, trouble
from core.live.budget import Budgets
from core.live.delivery import Delivery
from core.live.journal import Fenced, Unwritten
from core.surface import Action, Doubt
from core.types import Turn
from tests.bots.telegram.test_surface import address, out, raw, shown
from tests.platforms.telegram import Chat, Message, TelegramServer

SENTENCE = "The quick brown fox jumps over the lazy dog. "
DONE = under(Turn("s", 1, "Ada", "Why?", "x", "done", False, 0.0, row=5))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "BACKOFF", (0.01,))
    monkeypatch.setattr(doubts_, "PAUSE", 0.02)
    monkeypatch.setattr(pacer, "pause", lambda *_: 0.02)


@pytest.fixture
def chat(server: TelegramServer) -> Chat:
    return server.private(server.user(7, "Ada"))


@pytest.fixture
def group(server: TelegramServer) -> Chat:
    return server.group("Friends", [server.user(7, "Ada"), server.user(8, "Bob")])


class Journal(Unwritten):
    """In memory; what an earlier process wrote down may be given to it."""

    def __init__(self) -> None:
        self.settled_: list[Doubt] = []
        self.begun: list[Doubt] = []
        self.others: set[str] = set()
        self.fenced = False

    async def ours(self) -> None:
        if self.fenced:
            raise Fenced

    async def posting(self, out: Any, after: str) -> Doubt:
        self.begun.append(Doubt(out, after, len(self.begun) + 1))
        return self.begun[-1]

    async def posted(self, page: int, id: str, doubt: Doubt | None = None) -> None:
        self.settled_ += [doubt] if doubt else []

    async def settled(self, doubt: Doubt) -> None:
        self.settled_.append(doubt)

    async def known(self, ids: Sequence[str]) -> set[str]:
        return self.others & set(ids)

    @property
    def left(self) -> list[Doubt]:
        return [doubt for doubt in self.begun if doubt not in self.settled_]


class Asker:
    """Somebody asks in a chat, and the bot answers with the real Delivery."""

    def __init__(self, bot: TelegramBot, chat: Chat) -> None:
        self.bot, self.chat, self.journal = bot, chat, Journal()
        self.later = 0.0  # seconds that pass in no time
        self.budgets = Budgets(lambda: asyncio.get_running_loop().time() + self.later)
        self.question: Message | None = None

    async def ask(self, text: str = "Why?") -> Message:
        self.question = await self.chat.send(self.chat.server.users[7], text)
        for update in self.chat.server.updates.pending:
            self.bot._traces.update(update)
        return self.question

    def delivery(self, **options: Any) -> Delivery:
        assert self.question
        surface = self.bot.open(address(self.chat, reply_to=str(self.question.id)))
        options = {"actions": live(5), "question": str(self.question.id), **options}
        return Delivery(surface, self.budgets, self.journal, reopen=lambda _: surface, nonce="n", **options)

    async def answer(self, text: str, *, actions: tuple[Action, ...] = DONE, **options: Any) -> None:
        """Streamed in ten pieces."""
        delivery = self.delivery(**options)
        showing = asyncio.create_task(delivery.run())
        size = len(text) // 10 + 1
        for start in range(0, len(text), size):
            delivery.feed(text[start : start + size])
            await asyncio.sleep(0.02)
        delivery.finish(actions=actions)
        await showing


def pages(chat: Chat) -> list[str]:
    return [message.text for message in chat.messages if message.from_bot]


def shows(chat: Chat, text: str) -> None:
    """Exactly one copy, whole."""
    assert " ".join(pages(chat)) == text.strip(), chat.transcript()


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("place", ["chat", "group"])
async def test_of_the_first_post_one_copy_stays(
    idle: TelegramBot, server: TelegramServer, request: pytest.FixtureRequest, place: str, times: int
) -> None:
    asker = Asker(idle, request.getfixturevalue(place))
    await asker.ask("@chinwag_bot why?")
    server.fault("sendMessage", cut="after", times=times)
    await asker.answer(SENTENCE * 10)
    assert len(server.called("sendMessage")) == times + 1
    shows(asker.chat, SENTENCE * 10)
    assert asker.journal.left == []
    assert [label for label, _ in asker.chat.messages[-1].buttons] == ["🔄 Retry"]


@pytest.mark.parametrize("times", [1, 2])
async def test_of_a_later_page_one_copy_stays(
    idle: TelegramBot, server: TelegramServer, chat: Chat, times: int
) -> None:
    asker = Asker(idle, chat)
    await asker.ask()
    server.fault("sendMessage", cut="after", skip=1, times=times)
    await asker.answer(SENTENCE * 150)
    assert len(pages(chat)) == 2
    shows(chat, SENTENCE * 150)


@pytest.mark.parametrize("skip", [0, 1, 2])
async def test_of_an_answer_that_is_shown_when_it_is_complete_one_copy_of_each_page_stays(
    idle: TelegramBot, server: TelegramServer, group: Chat, skip: int
) -> None:
    """Its first pages have no buttons."""
    asker = Asker(idle, group)
    await asker.ask("@chinwag_bot why?")
    server.fault("sendMessage", cut="after", skip=skip)
    await asker.answer(SENTENCE * 210, streaming=False)
    assert len(pages(group)) == 3
    shows(group, SENTENCE * 210)


async def test_of_a_reply_to_a_command_one_copy_stays(idle: TelegramBot, server: TelegramServer, chat: Chat) -> None:
    asker = Asker(idle, chat)
    await asker.ask("/help")
    server.fault("sendMessage", cut="after", times=2)
    await asker.answer("Ask me *anything*.", actions=())
    assert pages(chat) == ["Ask me anything."]


async def test_in_a_busy_group_nobody_elses_message_is_touched(
    idle: TelegramBot, server: TelegramServer, group: Chat
) -> None:
    """The bot does not see what others say there, nor an answer of another worker, which has buttons of its own."""
    asker = Asker(idle, group)
    await asker.ask("@chinwag_bot why?")
    other = group.add(
        server.bot, "Another answer.", markup={"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]}
    )
    asker.journal.others = {str(other.id)}
    notice = group.add(server.bot, "Welcome!")
    before = [await group.send(server.users[8], f"chatter {n}") for n in range(3)]
    fault = server.fault("sendMessage", cut="after", after=0.05)

    async def chatter() -> None:
        while not fault.hits:
            await asyncio.sleep(0.005)
        await group.send(server.users[8], "more chatter")

    await asyncio.gather(chatter(), asker.answer(SENTENCE * 10))
    said = [SENTENCE.strip() for _ in range(10)]
    assert pages(group) == ["Another answer.", "Welcome!", " ".join(said)], group.transcript()
    assert other.buttons == [("x", "y")]
    assert notice.buttons == []
    assert [message.text for message in group.messages if message in before] == [m.text for m in before]


async def test_private_chats_share_their_counter(idle: TelegramBot, server: TelegramServer, chat: Chat) -> None:
    asker = Asker(idle, chat)
    await asker.ask()
    bob = server.user(8, "Bob")
    elsewhere = server.private(bob)
    unseen = elsewhere.add(server.bot, "For Bob.")
    server.fault("sendMessage", cut="after")
    await asker.answer(SENTENCE * 3)
    shows(chat, SENTENCE * 3)
    assert unseen in elsewhere.messages


async def test_a_first_try_that_is_applied_after_the_second_is_found_below_the_next_message(
    idle: TelegramBot, server: TelegramServer, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.telegram.surface.SEND_READ_TIMEOUT", 0.05)
    asker = Asker(idle, chat)
    await asker.ask()
    fault = server.fault("sendMessage", before=0.25)

    async def be_patient_again() -> None:
        while not fault.hits:
            await asyncio.sleep(0.005)
        monkeypatch.setattr("bots.telegram.surface.SEND_READ_TIMEOUT", SEND_READ_TIMEOUT)

    await asyncio.gather(be_patient_again(), asker.answer(SENTENCE * 3))
    (late,) = asker.journal.left
    await asyncio.sleep(0.3)
    assert len(pages(chat)) == 2
    await asker.ask("And then?")
    await asker.answer("Later.", doubts=[late])
    assert pages(chat) == [(SENTENCE * 3).strip(), "Later."]
    assert asker.journal.left == []


async def test_what_was_not_applied_is_looked_for_once_more_and_then_settled(
    idle: TelegramBot, server: TelegramServer, chat: Chat
) -> None:
    asker = Asker(idle, chat)
    await asker.ask()
    server.fault("sendMessage", cut="before")
    await asker.answer(SENTENCE)
    (doubt,) = asker.journal.left
    await asker.ask("And then?")
    await asker.answer("Later.", doubts=[doubt])
    assert asker.journal.left == []
    assert server.called("editMessageReplyMarkup") == []


async def test_a_copy_that_an_earlier_process_left_is_found(
    idle: TelegramBot, server: TelegramServer, chat: Chat
) -> None:
    """It knows what was posted, and under which question."""
    asker = Asker(idle, chat)
    question = await asker.ask()
    surface = idle.open(address(chat, reply_to=str(question.id)))
    sent = replace(out(surface, "The quick **brown**"), actions=live(5), nonce="n-0")
    await surface.post(sent)
    await asker.ask("And then?")
    fresh = TelegramBot(server.token, idle._core, api_url=server.url)
    asker.bot, asker.question = fresh, question
    await asker.answer(SENTENCE * 2, doubts=[Doubt(sent, str(question.id), 9)])
    await fresh.stop()
    shows(chat, SENTENCE * 2)
    assert [doubt.number for doubt in asker.journal.settled_] == [1, 9]


async def test_a_copy_is_found_below_the_page_that_an_earlier_process_posted_after_it(
    idle: TelegramBot, server: TelegramServer, chat: Chat
) -> None:
    """The third process knows the second one's message only by its id."""
    asker = Asker(idle, chat)
    question = await asker.ask()
    first, second = [TelegramBot(server.token, idle._core, api_url=server.url) for _ in range(2)]
    sent = replace(out(first.open(address(chat)), "The quick"), actions=live(5))
    here = address(chat, reply_to=str(question.id))
    await first.open(here).post(sent)
    page = await first.open(here).post(sent)
    asker.bot = second
    asker.journal.others = {page}
    await asker.answer(SENTENCE * 2, posted=(page,), doubts=[Doubt(sent, str(question.id), 9)])
    shows(chat, SENTENCE * 2)
    assert [str(message.id) for message in chat.messages if message.from_bot] == [page]
    await asyncio.gather(first.stop(), second.stop())


@pytest.mark.parametrize("status", [400, 429, 500])
async def test_a_copy_that_cannot_be_deleted_at_once_is_deleted_later(
    idle: TelegramBot, server: TelegramServer, chat: Chat, status: int
) -> None:
    asker = Asker(idle, chat)
    await asker.ask()
    server.fault("sendMessage", cut="after")
    fault = {"retry_after": 1} if status == 429 else {"status": status}
    times = 1 if status == 429 else 2
    server.fault(
        "deleteMessage" if status == 400 else ("deleteMessage", "editMessageReplyMarkup"), times=times, **fault
    )
    await asker.answer(SENTENCE * 10)
    if status in (400, 429):  # refused for good, or for now: the next answer tries again
        (doubt,) = asker.journal.left
        assert not asker.budgets.of(idle.open(address(chat)).limits).gated
        asker.later = 2.0
        await asker.ask("And then?")
        await asker.answer("Later.", doubts=[doubt])
        assert pages(chat) == [(SENTENCE * 10).strip(), "Later."]
    else:
        shows(chat, SENTENCE * 10)


async def test_a_process_that_lost_its_lease_asks_about_nothing(
    idle: TelegramBot, server: TelegramServer, chat: Chat
) -> None:
    asker = Asker(idle, chat)
    await asker.ask()
    server.fault("sendMessage", cut="after")
    delivery = asker.delivery()
    showing = asyncio.create_task(delivery.run())
    delivery.feed(SENTENCE)
    while len(server.called("sendMessage")) < 2:
        asker.journal.fenced = len(server.called("sendMessage")) == 1
        await asyncio.sleep(0.001)
    delivery.finish()
    with pytest.raises(Fenced):
        await showing
    assert server.called("editMessageReplyMarkup") == []
    assert server.called("deleteMessage") == []


async def told(surface: TelegramSurface, id: str, doubts: Sequence[Doubt]) -> Doubt | None:
    """What comes of it in the end."""
    while (left := await surface.copies.left_by(id, doubts)) == "again":
        pass
    return left if isinstance(left, Doubt) else None


async def test_only_a_message_that_says_the_same_to_the_same_question_is_proved(
    idle: TelegramBot, server: TelegramServer, chat: Chat
) -> None:
    question = await chat.send(server.users[7], "Why?")
    other = await chat.send(server.users[7], "Why not?")
    surface = idle.open(address(chat, reply_to=str(question.id)))
    id = await surface.post(raw("Because."))
    doubt = Doubt(raw("Because."), str(question.id))
    assert await told(surface, id, [doubt]) == doubt
    assert await told(surface, id, [replace(doubt, after=str(other.id))]) is None
    assert await told(surface, id, [replace(doubt, out=raw("Because not."))]) is None
    assert await told(surface, str(question.id), [doubt]) is None
    assert await told(surface, "999", [doubt]) is None
    assert [m.buttons for m in chat.messages if m.id == other.id] == [[]]
    assert surface.copies.marked() == []
    assert (await shown(chat, id)).buttons == []


async def test_a_question_about_a_message_whose_answer_was_lost_can_be_asked_again(
    idle: TelegramBot, server: TelegramServer, chat: Chat
) -> None:
    question = await chat.send(server.users[7], "Why?")
    surface = idle.open(address(chat, reply_to=str(question.id)))
    copy, other = [await surface.post(raw(text)) for text in ("Because.", "Because not.")]
    doubt = Doubt(raw("Because."), str(question.id))
    for id, left in ((copy, doubt), (other, None)):
        server.fault("editMessageReplyMarkup", cut="after")
        with pytest.raises(Unknown):
            await surface.copies.left_by(id, [doubt])
        assert await told(surface, id, [doubt]) == left
        assert (await shown(chat, id)).buttons == []


async def test_a_question_is_one_call_and_a_mark_is_remembered_until_it_is_gone(
    idle: TelegramBot, server: TelegramServer, chat: Chat
) -> None:
    """Also by the surfaces of later answers; a new text or the message's end takes it away too."""
    question = await chat.send(server.users[7], "Why?")
    surface = idle.open(address(chat, reply_to=str(question.id)))
    ids = [await surface.post(raw(f"Notice {number}.")) for number in range(3)]
    doubt = Doubt(raw("Because."), str(question.id))
    for number, id in enumerate(ids):
        assert await surface.copies.left_by(id, [doubt]) == "again"
        assert len(server.called("editMessageReplyMarkup")) == number + 1
    server.fault("editMessageReplyMarkup", retry_after=1)
    later = idle.open(address(chat))
    with pytest.raises(TooFast):
        await later.copies.left_by(ids[0], [])
    assert later.copies.marked() == ids
    assert await later.copies.left_by(ids[0], []) is None
    await later.edit(ids[1], raw("News."))
    await later.delete(ids[2])
    assert later.copies.marked() == []
    assert [(await shown(chat, id)).buttons for id in ids[:2]] == [[], []]


async def test_a_question_that_was_certainly_not_taken_leaves_no_mark(
    idle: TelegramBot, server: TelegramServer, chat: Chat
) -> None:
    surface = idle.open(address(chat))
    id = await surface.post(raw("Because."))
    server.fault("editMessageReplyMarkup", retry_after=1)
    with pytest.raises(TooFast):
        await surface.copies.left_by(id, [])
    assert surface.copies.marked() == []
