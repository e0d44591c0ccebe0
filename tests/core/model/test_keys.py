"""Several keys: used in turn, rested when refused or limited, and never told."""

from __future__ import annotations

import pytest

from core.errors import ModelBusy
from core.model.keys import FIRST_REST, LONGEST_REST, NO_KEY, KeyRing, split_keys
from core.observe.alerts import Alerts


class Keys:
    """A ring on a clock that the test moves, and what admins were told."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)
        self.now = 0.0
        self.told: list[str] = []
        alerts = Alerts(lambda: self.now)
        alerts.listen(self.told.append)
        self.ring = KeyRing(lambda: self.keys, alerts=alerts, clock=lambda: self.now)

    def taken(self, count: int) -> list[str]:
        return [self.ring.take() for _ in range(count)]


@pytest.mark.parametrize(
    ("text", "keys"),
    [("", ()), ("a", ("a",)), ("a,b", ("a", "b")), (" a , b,, ", ("a", "b")), (",", ()), ("a,b,a", ("a", "b"))],
)
def test_keys_are_separated_by_commas(text: str, keys: tuple[str, ...]) -> None:
    assert split_keys(text) == keys


def test_keys_are_used_in_turn() -> None:
    assert Keys("one", "two", "three").taken(4) == ["one", "two", "three", "one"]


def test_without_keys_there_is_a_placeholder() -> None:
    ring = Keys().ring
    assert ring.take() == NO_KEY
    ring.refused(NO_KEY, "401")
    ring.limited(NO_KEY, 5)
    ring.works(NO_KEY)
    assert ring.take() == NO_KEY
    assert ring.take({NO_KEY}) == ""


def test_a_refused_key_rests_longer_each_time_and_the_admin_is_told_once() -> None:
    keys = Keys("one", "two")
    keys.taken(2)
    rests = []
    for _ in range(9):
        keys.ring.refused("one", "HTTP 401")
        began = keys.now
        while "one" not in keys.taken(2):
            keys.now += 10
        rests.append(keys.now - began)
    assert rests[:3] == [FIRST_REST, FIRST_REST * 2, FIRST_REST * 4]
    assert rests[-1] == LONGEST_REST
    assert keys.told == ["The endpoint refuses key 1 of 2 in OPENAI_API_KEY: HTTP 401"]


def test_a_key_that_works_again_is_told_anew_when_it_fails_again() -> None:
    keys = Keys("one")
    keys.ring.take()
    keys.ring.refused("one", "no money")
    keys.ring.works("one")
    keys.ring.refused("one", "no money")
    assert keys.told == ["The endpoint refuses OPENAI_API_KEY: no money"] * 2


def test_when_all_are_refused_the_one_that_has_rested_longest_is_tried() -> None:
    keys = Keys("one", "two")
    for key in keys.taken(2):
        keys.ring.refused(key, "HTTP 401")
        keys.now += 1
    assert keys.ring.take() == "one"
    assert keys.ring.take({"one"}) == "two"
    assert keys.ring.take({"one", "two"}) == ""


def test_when_all_are_limited_it_says_when_to_come_back() -> None:
    keys = Keys("one", "two")
    keys.taken(2)
    keys.ring.limited("one", 20)
    assert keys.taken(2) == ["two", "two"]
    keys.ring.limited("two", 5)
    with pytest.raises(ModelBusy) as busy:
        keys.ring.take()
    assert busy.value.retry_after == 5
    keys.now = 5
    assert keys.ring.take() == "two"


def test_new_keys_are_used_at_once_and_the_old_ones_stay_secret() -> None:
    keys = Keys("old")
    keys.ring.take()
    keys.ring.refused("old", "HTTP 401")
    keys.keys = ["new"]
    assert keys.ring.take() == "new"
    assert keys.ring.secrets == {"old", "new"}
    keys.ring.refused("new", "HTTP 401")
    assert len(keys.told) == 2  # it is another key, though it has the same place
