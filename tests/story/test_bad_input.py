"""Whatever people, models and platforms send: it is answered or shown harmlessly, and the process lives."""

from __future__ import annotations

import uuid

import pytest

from tests.platforms.model import Fault
from tests.story.town import TIMEOUT, Person, Town, WebPerson

NASTY = {
    "braces": "{braces} {0} {history} {{x}} %s $role",
    "nul": "before\0after",
    "right to left": "مرحبا، كيف حالك؟ \u202eevil\u202c",
    "emoji only": "👩‍👩‍👧‍👦🇩🇪👍🏽",
    "binary looking": "".join(chr(n) for n in range(1, 32)) + "\x7f\x80\xff text",
    "slashes": "/etc/passwd is what?",
    "markdown": "**bold _mixed* `code\n```\nunclosed",
    "html": "<script>alert(1)</script><b>hi</b>",
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
async def test_odd_messages_are_answered(town: Town, dana: Person, text: str) -> None:
    town.model.reply = "Understood."
    await dana.asks(text, "Understood.")
    sent = town.model.requests[-1].text
    assert sent.replace(" ", "")[-4:] == text.replace("\0", "").replace(" ", "")[-4:]


async def test_a_huge_message_is_answered_where_it_is_allowed(town: Town) -> None:
    await town.open("web", max_input=0)
    dana = await town.person("web")
    town.model.reply = "That was long."
    await dana.asks("word " * 20_000, "That was long.")
    assert len(town.model.requests[-1].text) >= 99_999


async def test_an_empty_message_is_refused_with_a_sentence(town: Town) -> None:
    await town.open("web")
    dana = await town.person("web")
    assert isinstance(dana, WebPerson)
    session = (await dana.http.post("/api/sessions")).json()["session"]["id"]
    answer = await dana.http.post(f"/api/sessions/{session}/messages", json={"id": str(uuid.uuid4()), "text": "  "})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) @everyone **end.**"


async def test_a_hostile_answer_is_only_text(town: Town, dana: Person, platform: str) -> None:
    town.model.reply = HOSTILE
    shown = await dana.asks("Show me.", "end.")
    assert "<script>" in shown or platform == "web"
    assert town.discord.pings == []


@pytest.mark.parametrize("kind", ["photo", "voice", "document", "sticker"])
async def test_what_is_not_understood_gets_a_sentence(town: Town, kind: str) -> None:
    await town.open("telegram")
    user = town.telegram.user(1, "Dana")
    chat = town.telegram.private(user)
    send = getattr(chat, kind)
    await (send(user, "notes.pdf", b"%PDF") if kind == "document" else send(user))
    await chat.until(lambda m: m.from_bot and "only text" in m.text, timeout=TIMEOUT)
    assert not any("messages" in r.body for r in town.model.requests)


async def test_a_captioned_photo_is_answered_by_its_caption(town: Town) -> None:
    await town.open("telegram")
    user = town.telegram.user(1, "Dana")
    chat = town.telegram.private(user)
    await chat.photo(user, "What is this?")
    await chat.until(lambda m: m.from_bot and "What is this?" in m.text, timeout=TIMEOUT)
    assert "cannot see it" in town.model.requests[-1].text


FAULTS = {
    "busy": (Fault(status=429), "busy"),
    "forbidden": (Fault(status=401), "API key"),
    "broken": (Fault(status=500), "/retry"),
    "cut in the middle": (Fault(after=4, how="cut"), "/retry"),
    "ends without a reason": (Fault(after=4, how="end"), "/retry"),
    "malformed": (Fault(after=4, how="malformed"), "/retry"),
}


@pytest.mark.parametrize(("fault", "part"), FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.usefixtures("hurry")
async def test_a_failing_model_gets_a_sentence_that_says_what_to_do(
    town: Town, dana: Person, fault: Fault, part: str
) -> None:
    town.model.faults.extend([fault] * 12)
    await dana.says("Tell me something.")
    told = await dana.hears("⚠️")
    assert part in told
    assert "Traceback" not in told
    town.model.faults.clear()
    town.model.reply = "Here I am again."
    await dana.asks("/retry", "Here I am again.")


@pytest.mark.usefixtures("hurry")
async def test_an_unreachable_model_gets_a_sentence(town: Town, dana: Person) -> None:
    await town.model.stop()
    await dana.says("Anybody there?")
    assert "could not reach the model" in await dana.hears("⚠️", timeout=30)
