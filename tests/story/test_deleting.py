"""A conversation that its owner deletes is gone: nothing of it is asked, answered or billed afterwards."""

from __future__ import annotations

import uuid

from tests.story.people import WebPerson
from tests.story.town import Town


async def put(dana: WebPerson, text: str) -> None:
    """Send another question to the conversation that is open."""
    body = {"id": str(uuid.uuid4()), "text": text}
    assert (await dana.http.post(f"/api/sessions/{dana.session}/messages", json=body)).status_code == 202


async def signed_in(town: Town) -> WebPerson:
    person = await town.person("web")
    assert isinstance(person, WebPerson)
    return person


async def test_a_question_that_waits_goes_with_its_conversation(town: Town) -> None:
    await town.open("web")
    dana = await signed_in(town)
    gate = town.model.hold(after=1)
    await dana.says("the first question")
    await gate.reached(1)
    await put(dana, "the second question")
    assert (await dana.http.delete(f"/api/sessions/{dana.session}")).status_code == 204
    gate.open()
    await town.settled()
    assert (await dana.http.get("/api/sessions")).json() == []
    assert not any("the second question" in str(request.messages) for request in town.asked)


async def test_an_answer_that_a_restart_cut_off_does_not_go_on_when_its_conversation_is_deleted(town: Town) -> None:
    await town.open("web")
    dana = await signed_in(town)
    gate = town.model.hold(after=1)
    await dana.says("the first question")
    await gate.reached(1)
    await put(dana, "the second question")
    await town.close()
    await town.deletes(dana.session)
    gate.open()
    asked = len(town.asked)
    await town.start()
    await town.settled()
    assert (await dana.http.get("/api/sessions")).json() == []
    assert len(town.asked) == asked
