"""Any text at all can be written, and comes back as it was, but for what no database can keep."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.store import Store
from core.store.text import clean, from_json, to_json
from core.types import Address, Attachment, Author, Incoming
from tests.core.store.conftest import ADDRESS, KEY, LANE, incoming, taken

# Hypothesis leaves surrogates out unless they are asked for.
ANY = st.text(st.characters(exclude_categories=())) | st.text(st.sampled_from("\0\ud83d\ude00a\n'\"%\\"))
WHOLE = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))

CASES = [
    ("plain", "plain"),
    ("a\0b", "a\ufffdb"),
    ("\ud83d\ude00", "😀"),  # halves that came in two pieces of a stream
    ("a\ud83d", "a\ufffd"),
    ("\ude00\ud83d b", "\ufffd\ufffd b"),
    ("名\ud800\0", "名\ufffd\ufffd"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "kept"), CASES)
def test_what_cannot_be_kept_is_replaced(text: str, kept: str) -> None:
    assert clean(text) == kept


@given(WHOLE)
def test_whole_text_is_never_touched(text: str) -> None:
    assert clean(text) == text
    assert from_json(to_json({"a": [text]})) == {"a": [text]}


@given(ANY)
def test_cleaned_text_is_clean(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert "\0" not in clean(text)
    clean(text).encode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY)
async def test_every_way_in_takes_any_text(store: Store, text: str) -> None:
    session = await store.sessions.new(KEY)
    row, lease = await taken(store, text)
    assert row.incoming.text == clean(text)
    turn = await store.turns.open(row.id, lease, session.id, text, text)
    assert turn is not None
    assert (turn.author, turn.question) == (clean(text), clean(text))
    await store.deliveries.open(row.id, lease, ADDRESS)
    await store.deliveries.posted(row.id, lease, 0, text)
    await store.deliveries.progress(row.id, lease, text)
    delivery = await store.deliveries.open(row.id, lease, ADDRESS)
    assert delivery is not None
    assert (delivery.text, delivery.pages) == (clean(text), (clean(text),))
    assert await store.turns.finish(row.id, lease, turn, answer=text, state="done", model=text)
    assert [(t.answer, t.model) for t in await store.turns.all(session.id)] == [(clean(text), clean(text))]
    changed = await store.sessions.set(session.id, title=text, role=text, role_prompt=text, language=text)
    assert (changed.title, changed.role_prompt) == (clean(text), clean(text))
    await store.values.set(text, text)
    assert await store.values.get(text) == clean(text)
    await store.access.grant(text, "member", name=text, by=text)
    assert await store.access.level(text) == "member"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=WHOLE,
    address=st.builds(Address, *[WHOLE] * 4, st.booleans(), WHOLE, WHOLE, WHOLE, st.floats(0, 1e11)),
    author=st.builds(Author, *[WHOLE] * 4),
    attachments=st.tuples(st.builds(Attachment, WHOLE, WHOLE, st.integers(0, 2**53))),
)
async def test_a_whole_message_comes_back_equal(
    store: Store, text: str, address: Address, author: Author, attachments: tuple[Attachment, ...]
) -> None:
    sent = Incoming(incoming().event, address, author, text, attachments, 1.5, text)
    await store.inbox.accept(sent, LANE)
    lease = await store.leases.acquire(LANE)
    row = await store.inbox.next(lease)
    assert row is not None
    assert row.incoming == sent
    await store.inbox.done(row.id, lease)


@pytest.mark.parametrize("text", ["x" * 100_000, "名" * 100_000, "😀\n" * 50_000, "\0" * 100_000, "\ud800" * 100_000])
async def test_very_long_text(store: Store, text: str) -> None:
    session = await store.sessions.current(KEY)
    row, lease = await taken(store, text)
    turn = await store.turns.open(row.id, lease, session.id, "Bo", row.incoming.text)
    assert turn is not None
    assert await store.turns.finish(row.id, lease, turn, answer=text, state="done")
    (kept,) = await store.turns.recent(session.id, 1)
    assert (kept.question, kept.answer) == (clean(text), clean(text))
    assert len(kept.answer) == len(text)
