"""Keys, lanes and addresses: what is written to the database is read back the same, and never collides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.types import Address, Attachment, Author, Incoming, Lane, SessionKey, clean

text = st.text(max_size=20)
keys = st.builds(SessionKey, text, text, text, text, text)


@given(keys)
def test_a_session_key_reads_back(key: SessionKey) -> None:
    assert SessionKey.parse(str(key)) == key


@given(keys, keys)
def test_different_keys_are_written_differently(one: SessionKey, other: SessionKey) -> None:
    assert (str(one) == str(other)) == (one == other)


@given(st.builds(Lane, keys, text, st.booleans()))
def test_a_lane_reads_back(lane: Lane) -> None:
    assert Lane.parse(str(lane)) == lane
    assert Lane.parse(str(lane.beside)).express


def test_a_group_is_one_session_with_a_lane_per_asker() -> None:
    group = Address("telegram", "1", "-100", private=False)
    ada, bob = Author("telegram", "7"), Author("telegram", "8")
    key = SessionKey.of(group, ada)
    assert key == SessionKey.of(group, bob)
    assert Lane.of(key, group, ada) != Lane.of(key, group, bob)
    assert Lane.of(key, group, ada, by_session=True) == Lane.of(key, group, bob, by_session=True)
    assert SessionKey.of(group, ada, per_user=True) != SessionKey.of(group, bob, per_user=True)


def test_a_private_chat_is_one_lane() -> None:
    address, author = Address("telegram", "1", "7"), Author("telegram", "7")
    key = SessionKey.of(address, author, per_user=True)
    assert key == SessionKey("telegram", "1", "7")
    assert Lane.of(key, address, author) == Lane(key)


def test_incoming_reads_back_from_json() -> None:
    incoming = Incoming(
        "e1", Address("discord", "1", "2", "3", False, "9", "4", "tok", 5.0), Author("discord", "7", "Ada", "de"),
        "hi", (Attachment("photo", "a.png", 3),), 6.0, "teacher",
    )  # fmt: skip
    assert Incoming.from_json(incoming.as_json()) == incoming


@given(st.text(alphabet=st.characters(), max_size=50))
def test_cleaned_text_can_be_stored_and_sent(said: str) -> None:
    cleaned = clean(Incoming("e", Address("web", "page", "o"), Author("web", "o"), said)).text
    assert "\0" not in cleaned
    assert cleaned.encode("utf-8").decode() == cleaned
    if said.isprintable() and said.isascii():
        assert cleaned == said


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    assert clean(Incoming("e", Address("web", "page", "o"), Author("web", "o"), "a\ud800b\0")).text == "a\ufffdb"
