"""Logins: a link works once, a cookie lasts a year, and the file has neither. And the small facts."""

from __future__ import annotations

from core.store import Store
from core.store.logins import YEAR
from tests.clock import Clock
from tests.core.store.conftest import Place


async def test_a_link_becomes_a_cookie_once(store: Store, place: Place) -> None:
    token = await store.logins.mint("telegram:1")
    made = await store.logins.redeem(token)
    assert made is not None
    person, cookie = made
    assert person == "telegram:1"
    assert cookie != token
    assert await store.logins.redeem(token) is None
    assert await (await place.restart()).logins.person(cookie) == "telegram:1"


async def test_a_link_and_a_cookie_are_not_each_other(store: Store) -> None:
    token = await store.logins.mint("telegram:1")
    assert await store.logins.person(token) is None
    made = await store.logins.redeem(token)
    assert made is not None
    assert await store.logins.redeem(made[1]) is None
    assert await store.logins.person(made[1]) == "telegram:1"


async def test_both_run_out(store: Store, clock: Clock) -> None:
    late, token = await store.logins.mint("a", ttl=60), await store.logins.mint("b", ttl=61)
    clock.now += 60
    assert await store.logins.redeem(late) is None
    made = await store.logins.redeem(token)
    assert made is not None
    clock.now += YEAR - 1
    assert await store.logins.person(made[1]) == "b"
    clock.now += 1
    assert await store.logins.person(made[1]) is None
    await store.logins.mint("c")
    assert await store.db.read("SELECT person FROM logins") == [{"person": "c"}]


async def test_a_revoked_cookie_is_nobody(store: Store) -> None:
    first, second = [await store.logins.redeem(await store.logins.mint("a")) for _ in range(2)]
    assert first is not None
    assert second is not None
    await store.logins.revoke(first[1])
    assert await store.logins.person(first[1]) is None
    assert await store.logins.person(second[1]) == "a"


async def test_the_file_has_no_token(store: Store, place: Place) -> None:
    token = await store.logins.mint("a")
    made = await store.logins.redeem(await store.logins.mint("a"))
    assert made is not None
    await place.close()
    written = b"".join(file.read_bytes() for file in place.path.parent.iterdir())
    assert b"a" in written
    assert token.encode() not in written
    assert made[1].encode() not in written


async def test_tokens_that_nobody_minted(store: Store) -> None:
    for token in ("", "x", "\ud800", "\0"):
        assert await store.logins.redeem(token) is None
        assert await store.logins.person(token) is None
        await store.logins.revoke(token)


async def test_small_facts_are_kept(store: Store, place: Place) -> None:
    assert await store.values.get("commands") is None
    await store.values.set("commands", "abc")
    await store.values.set("commands", "def")
    assert await (await place.restart()).values.get("commands") == "def"
