"""A conversation that outgrows its window: the model is told the rest in short, and a person can see and drop that."""

from __future__ import annotations

import pytest

from tests.platforms.replies import Messages, said
from tests.story.town import Town


def reply(messages: Messages) -> str:
    if "Your notes so far" in said(messages[-1]):
        return "Dana's cat is called Momo."
    return f"I hear: {said(messages[-1])}"


async def test_what_falls_out_is_remembered_in_short(town: Town) -> None:
    town.model.reply = reply
    await town.open("discord", context_rounds=4)
    dana = await town.person("discord")
    for question in ("My cat is Momo.", "It is grey.", "It is two.", "It is asleep."):
        await dana.asks(question, f"I hear: {question}")
    await dana.sees(lambda: "Your notes so far" in town.asked[-1].text, "a summary")
    await dana.asks("/history", "Momo.")
    await dana.asks("What is it called?", "I hear: What")
    prompt = town.asked[-1].messages
    assert prompt[0]["content"].endswith("Dana's cat is called Momo.")
    assert [said(m) for m in prompt[1:] if m["role"] == "user"] == ["It is two.", "It is asleep.", "What is it called?"]

    await town.restart()
    assert "Dana's cat is called Momo." in await dana.asks("/history", "What I know of earlier")
    await dana.asks("/history forget", "The summary is gone")
    assert "no longer read what was said before round 3" in await dana.asks("/history", "no longer read")
    await dana.asks("And now?", "I hear: And now?")
    assert "Momo" not in town.asked[-1].messages[0]["content"]


async def test_without_summaries_the_window_is_cut_all_the_same(town: Town) -> None:
    town.model.reply = reply
    await town.open("discord", context_rounds=4, context_summary="off")
    dana = await town.person("discord")
    for n in range(6):
        await dana.asks(f"Number {n}.", f"I hear: Number {n}.")
    assert not any("Your notes" in request.text for request in town.asked)
    assert [said(m) for m in town.asked[-1].messages if m["role"] == "user"] == [f"Number {n}." for n in (3, 4, 5)]


@pytest.mark.parametrize("tells", [True, False])
async def test_a_model_that_reads_little_refuses_once_and_is_sent_what_fits_from_then_on(
    town: Town, tells: bool
) -> None:
    town.model.window, town.model.tells = 700, tells
    town.model.reply = lambda messages: f"{said(messages[-1])[:5]} {'blah ' * 40}"
    await town.open("web", context_summary="off")
    dana = await town.person("web")
    for n in range(10, 26):
        await dana.asks(f"No {n}. {'Hm. ' * 30}", f"No {n} blah")
    await dana.sees(lambda: town.asked[-1].finished, "the last answer's end")
    assert [n for n, request in enumerate(town.asked) if not request.finished] == [7]
    assert len(town.asked[-1].messages) > 3  # and it remembers what it can
