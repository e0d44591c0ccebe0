"""Answers given again: at once and at no cost, never in another chat, and not when asked to try anew."""

from __future__ import annotations

from tests.story.town import Town


async def test_the_same_question_in_a_new_conversation(town: Town) -> None:
    await town.open("discord", answer_cache_hours=1)
    dana, eve = await town.person("discord"), await town.person("discord", "Eve")
    town.model.reply = "First."
    await dana.asks("What is a prime?", "First.")
    town.model.reply = "Second."
    await dana.asks("/new", "new conversation")
    await dana.asks("What is a prime?", "First.")
    assert len(town.asked) == 1
    await eve.asks("What is a prime?", "Second.")
    town.model.reply = "Third."
    await dana.asks("/retry", "Third.")
    await town.restart()
    await dana.asks("/new", "new conversation")
    await dana.asks("What is a prime?", "Third.")
    assert len(town.asked) == 3
