"""Telegram posts messages to Chinwag, on the port of its page."""

from __future__ import annotations

from tests.story.people import TelegramPerson
from tests.story.town import Town


async def test_a_message_that_telegram_posts_is_answered(town: Town) -> None:
    await town.open("telegram", telegram_webhook_url="https://bot.example.org/telegram")
    port = next(line for line in town.said if "http://127.0.0.1:" in line).rpartition(":")[2]
    town.telegram.webhook_target = f"http://127.0.0.1:{port}/telegram"
    dana = await town.person("telegram")
    assert isinstance(dana, TelegramPerson)
    await dana.asks("Hello", "You said: Hello")
    assert town.telegram.called("getUpdates") == []
