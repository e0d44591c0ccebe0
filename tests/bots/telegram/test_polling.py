"""Nothing that was sent is lost: updates are confirmed after the commit, whatever fails on the way."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from bots.telegram import TelegramBot
from bots.telegram.polling import Backoff, Poller
from core.errors import SetupError
from tests.bots.telegram.conftest import Naps, RecordingCore, eventually
from tests.platforms.telegram import TelegramServer


async def test_start_says_who_the_bot_is(server: TelegramServer, bot: TelegramBot) -> None:
    assert (bot.name, bot.bot, bot.title, bot.typing_every) == ("telegram", str(server.bot.id), "@chinwag_bot", 4.0)


async def test_an_update_is_confirmed_only_after_the_commit(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore
) -> None:
    core.gate.clear()
    ada = server.user(7, "Ada")
    message = await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.tries)
    await asyncio.sleep(0.05)
    assert server.updates.confirmed < message.update_id
    core.gate.set()
    await eventually(lambda: server.updates.confirmed == message.update_id)
    assert core.texts == ["Hello"]


async def test_only_what_is_understood_is_asked_for(server: TelegramServer, bot: TelegramBot) -> None:
    await eventually(lambda: server.called("getUpdates"))
    assert server.called("getUpdates")[0].params["allowed_updates"] == ["message", "edited_message", "callback_query"]


async def test_what_the_core_could_not_take_is_tried_again_and_not_confirmed(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore, naps: Naps, caplog: pytest.LogCaptureFixture
) -> None:
    core.failures = 3
    ada = server.user(7, "Ada")
    message = await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.taken)
    assert core.tries == ["Hello"] * 4
    assert naps.asked == [1.0, 2.0, 4.0]
    assert server.updates.confirmed <= message.update_id
    assert "disk full" in caplog.text
    await eventually(lambda: server.updates.confirmed == message.update_id)


async def test_order_is_kept_in_a_chat_while_another_chat_goes_on(
    server: TelegramServer, idle: TelegramBot, core: RecordingCore
) -> None:
    ada, bob = server.user(7, "Ada"), server.user(8, "Bob")
    core.failures, core.fails = 2, lambda incoming: incoming.author.name == "Ada"
    for user, text in ((ada, "a1"), (bob, "b1"), (ada, "a2"), (bob, "b2"), (ada, "a3")):
        await server.private(user).send(user, text)
    await idle.start()
    await eventually(lambda: len(core.taken) == 5)
    assert [text for text in core.texts if text[0] == "a"] == ["a1", "a2", "a3"]
    assert core.texts[:2] == ["b1", "b2"]
    assert core.tries.count("a2") == 1


async def test_a_chat_that_is_held_up_holds_up_no_other(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.telegram.polling.HELD_UP", 0.05)
    core.holds = lambda incoming: incoming.author.name == "Ada"
    core.gate.clear()
    ada, bob = server.user(7, "Ada"), server.user(8, "Bob")
    first = await server.private(ada).send(ada, "a1")
    await server.private(ada).send(ada, "a2")
    await eventually(lambda: core.tries)
    for text in ("b1", "b2"):
        await server.private(bob).send(bob, text)
        await eventually(lambda text=text: text in core.texts)
    assert core.tries == ["a1", "b1", "b2"]
    assert server.updates.confirmed < first.update_id
    core.gate.set()
    await eventually(lambda: server.updates.confirmed > first.update_id + 2)
    assert core.texts == ["b1", "b2", "a1", "a2"]
    assert len(core.tries) == 4


async def test_after_a_quiet_week_the_ids_begin_anew_anywhere(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore
) -> None:
    ada = server.user(7, "Ada")
    before = await server.private(ada).send(ada, "before")
    await eventually(lambda: server.updates.confirmed == before.update_id)
    server.updates.next_id = 17
    polls = len(server.called("getUpdates"))
    for count in range(1, 4):
        await server.private(ada).send(ada, f"after {count}")
        await eventually(lambda count=count: len(core.taken) == 1 + count)
    assert core.tries == core.texts == ["before", "after 1", "after 2", "after 3"]
    assert len(server.called("getUpdates")) - polls < 8


async def test_an_update_that_cannot_be_read_is_skipped(
    server: TelegramServer, idle: TelegramBot, core: RecordingCore, caplog: pytest.LogCaptureFixture
) -> None:
    poison = server.updates.put("message", {"message_id": 1, "chat": "none", "date": "never"})
    ada = server.user(7, "Ada")
    message = await server.private(ada).send(ada, "Hello")
    await idle.start()
    await eventually(lambda: server.updates.confirmed == message.update_id)
    assert core.texts == ["Hello"]
    assert f"update {poison} cannot be read" in caplog.text


async def test_a_message_that_was_not_committed_comes_again_after_a_restart(
    server: TelegramServer, core: RecordingCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.telegram.bot.GRACE", 0.05)
    core.gate.clear()
    first = TelegramBot(server.token, core, api_url=server.url)
    await first.start()
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.tries)
    await first.stop()
    assert core.taken == []
    core.gate.set()
    second = TelegramBot(server.token, core, api_url=server.url)
    await second.start()
    await eventually(lambda: core.taken)
    await second.stop()
    assert core.texts == ["Hello"]


async def test_stop_lets_a_commit_that_has_begun_finish(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore
) -> None:
    core.gate.clear()
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.tries)
    stopping = asyncio.create_task(bot.stop())
    await asyncio.sleep(0.02)
    core.gate.set()
    await stopping
    assert core.texts == ["Hello"]


async def test_a_bot_can_be_started_again(server: TelegramServer, bot: TelegramBot, core: RecordingCore) -> None:
    await bot.stop()
    await bot.start()
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.taken)


@pytest.mark.parametrize(
    "token", ["123456789:AAHsomebody-elses_0123456789abcdefghi", "123456789:short", "nonsense", "", "http://x"]
)
async def test_a_wrong_token_is_a_setup_error(server: TelegramServer, core: RecordingCore, token: str) -> None:
    bot = TelegramBot(token, core, api_url=server.url)
    with pytest.raises(SetupError, match=r"TELEGRAM_BOT_TOKEN.*@BotFather") as caught:
        await bot.start()
    assert not token or token not in str(caught.value)
    await bot.stop()


async def test_an_unreachable_api_is_no_error_and_is_said_once(
    server: TelegramServer, idle: TelegramBot, core: RecordingCore, naps: Naps, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.fault("getMe", cut="before", times=4)
    await idle.start()
    assert (idle.bot, idle.title) == (str(server.bot.id), "")
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.taken)
    assert idle.title == "@chinwag_bot"
    assert naps.asked == [1.0, 2.0, 4.0, 8.0]
    assert caplog.text.count("cannot be reached") == 1
    assert "connected to Telegram as @chinwag_bot" in caplog.text


async def test_a_token_that_proves_wrong_later_is_said_once(
    server: TelegramServer, core: RecordingCore, naps: Naps, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault("getMe", cut="before")
    bot = TelegramBot(server.token, core, api_url=server.url, sleep=naps)
    await bot.start()
    server.token = "123456789:AAHanother-one_0123456789abcdefghijk"
    await eventually(lambda: len(naps.asked) > 4)
    await bot.stop()
    assert caplog.text.count("TELEGRAM_BOT_TOKEN: Telegram does not know this token") == 1


async def test_nothing_listens_at_the_api_url(core: RecordingCore, caplog: pytest.LogCaptureFixture) -> None:
    bot = TelegramBot("1:abc", core, api_url="http://127.0.0.1:9")
    await bot.start()
    await bot.stop()
    assert "cannot be reached at http://127.0.0.1:9" in caplog.text


async def test_a_404_that_is_not_telegrams_blames_nobodys_token(
    server: TelegramServer, core: RecordingCore, caplog: pytest.LogCaptureFixture
) -> None:
    bot = TelegramBot(server.token, core, api_url=f"{server.url}/not/the/api")
    await bot.start()
    await bot.stop()
    assert "cannot be reached" in caplog.text
    assert server.token not in caplog.text


async def test_polling_outlives_every_failure_and_says_each_once(
    server: TelegramServer, bot: TelegramBot, core: RecordingCore, naps: Naps, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.fault("getUpdates", status=502, times=2)
    server.fault("getUpdates", cut="before")
    server.fault("getUpdates", retry_after=9)
    server.fault("getUpdates", status=409, times=2)
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "one")
    await eventually(lambda: core.taken)
    await server.private(ada).send(ada, "two")
    await eventually(lambda: len(core.taken) == 2 and "answers again" in caplog.text)
    assert core.texts == ["one", "two"]
    assert naps.asked == [1.0, 2.0, 4.0, 9.0, 30.0, 30.0]
    assert caplog.text.count("Telegram cannot be reached, trying on") == 1
    assert caplog.text.count("another program polls with this TELEGRAM_BOT_TOKEN") == 1


async def test_a_webhook_that_another_program_left_is_removed(
    server: TelegramServer, idle: TelegramBot, core: RecordingCore, caplog: pytest.LogCaptureFixture
) -> None:
    server.updates.webhook = True
    await idle.start()
    await eventually(lambda: server.called("deleteWebhook"))
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.taken)
    assert "had a webhook" in caplog.text


async def test_the_token_never_reaches_the_log(
    server: TelegramServer, idle: TelegramBot, core: RecordingCore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fault("getMe", cut="before")
    server.fault("getUpdates", status=500)
    server.fault("getUpdates", cut="after")
    await idle.start()
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.taken)
    assert caplog.records
    assert server.token.partition(":")[2] not in caplog.text


# The poller by itself


class Ended(BaseException):
    """Ends a poller whose script is played."""


async def play(*script: list[dict[str, Any]] | TelegramError) -> tuple[list[int], list[float], list[Any]]:
    """Run a poller over these answers of Telegram; returns its offsets, its pauses and what it took."""
    answers, offsets, taken, naps = list(script), [], [], Naps()

    async def fetch(offset: int) -> list[dict[str, Any]]:
        offsets.append(offset)
        if not answers:
            raise Ended
        answer = answers.pop(0)
        if isinstance(answer, TelegramError):
            raise answer
        return answer

    async def take(update: Any) -> None:
        taken.append(update["update_id"])

    with pytest.raises(Ended):
        await Poller(fetch, take, sleep=naps, random=lambda: 0.0).run()
    return offsets, naps.asked, taken


async def test_the_offset_follows_the_newest_update_also_when_the_ids_begin_anew_lower() -> None:
    offsets, _, taken = await play([{"update_id": 5}, {"update_id": 7}], [], [{"update_id": 3}])
    assert offsets == [0, 8, 8, 4]
    assert taken == [5, 7, 3]


async def test_what_fails_for_no_lack_of_a_database_is_passed_over_in_the_end(caplog: pytest.LogCaptureFixture) -> None:
    queue: list[dict[str, Any]] = [{"update_id": 5}]
    naps, offsets, tries = Naps(), [], []

    async def fetch(offset: int) -> list[dict[str, Any]]:
        offsets.append(offset)
        if offset > 5:
            raise Ended
        return queue

    async def take(update: Any) -> None:
        tries.append(update["update_id"])
        raise RuntimeError("a fault of ours")

    with pytest.raises(Ended):
        await Poller(fetch, take, sleep=naps, random=lambda: 1.0).run()
    assert tries == [5] * 7
    assert naps.asked == [1, 2, 4, 8, 16, 30]
    assert offsets == [0, 6]
    assert caplog.text.count("trying again") == 1
    assert "update 5 is passed over: it could not be taken (RuntimeError: a fault of ours)" in caplog.text


async def test_pauses_grow_with_jitter_and_start_anew_after_an_answer() -> None:
    down = NetworkError("down")
    _, pauses, _ = await play(down, down, down, [], down)
    assert pauses == [0.5, 1.0, 2.0, 0.5]


async def test_each_failure_has_its_own_pause() -> None:
    _, pauses, _ = await play(Conflict("c"), InvalidToken("t"), RetryAfter(12))
    assert pauses == [30.0, 60.0, 12.0]


def test_backoff_stays_between_half_and_all_of_its_most() -> None:
    low, high = Backoff(lambda: 0.0), Backoff(lambda: 1.0)
    for _ in range(100):
        pauses = low.next(), high.next()
    assert pauses == (15.0, 30.0)
