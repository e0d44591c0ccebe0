"""Who may talk: levels, and pairing codes that a person can read out loud."""

from __future__ import annotations

import pytest

from core.store import Member, Store
from core.store.access import ALPHABET
from tests.clock import Clock
from tests.core.store.conftest import Place


async def test_levels_are_granted_and_changed(store: Store, place: Place) -> None:
    assert await store.access.level("telegram:1") is None
    await store.access.grant("telegram:1", "member", name="Bo", by="telegram:9")
    await store.access.grant("telegram:-100", "member")
    assert await store.access.level("telegram:1") == "member"
    await store.access.grant("telegram:1", "admin")
    reopened = await place.restart()
    assert await reopened.access.level("telegram:1") == "admin"
    assert await reopened.access.level("telegram:-100") == "member"


async def test_who_is_let_out_is_in_no_list_any_more(store: Store, clock: Clock) -> None:
    await store.access.grant("telegram:1", "member", name="Bo")
    clock.now += 1
    await store.access.grant("discord:-9", "member")
    assert await store.access.members() == [Member("telegram:1", "member", "Bo"), Member("discord:-9", "member", "")]
    assert await store.access.revoke("telegram:1") == Member("telegram:1", "member", "Bo")
    assert await store.access.revoke("telegram:1") is None
    assert await store.access.level("telegram:1") is None
    assert [member.subject for member in await store.access.members()] == ["discord:-9"]


async def test_who_is_let_out_of_the_page_is_signed_out_everywhere(store: Store) -> None:
    await store.access.grant("web:owner", "admin", name="owner")
    cookies = []
    for person in ("owner", "anna"):
        redeemed = await store.logins.redeem(await store.logins.mint(person))
        assert redeemed is not None
        cookies.append(redeemed[1])
    link = await store.logins.mint("owner")
    assert await store.access.revoke("web:owner") == Member("web:owner", "admin", "owner")
    assert [await store.logins.person(cookie) for cookie in cookies] == [None, "anna"]
    assert not await store.logins.waits(link)


async def test_a_group_with_another_id_is_let_in_once(store: Store) -> None:
    await store.access.grant("telegram:-5", "member", name="Chess club", by="telegram:1")
    for _ in range(2):  # Telegram says it twice: in the old group and in the new one
        await store.access.move("telegram:-5", "telegram:-1005")
    assert [(m.subject, m.level, m.name) for m in await store.access.members()] == [
        ("telegram:-1005", "member", "Chess club")
    ]
    await store.access.grant("telegram:-6", "member", name="Chess club", by="telegram:1")
    await store.access.grant("telegram:-1006", "admin", name="Approved anew", by="telegram:1")
    await store.access.move("telegram:-6", "telegram:-1006")
    assert [m.name for m in await store.access.members()] == ["Chess club", "Approved anew"]


async def test_a_level_that_does_not_exist_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="CHECK"):
        await store.access.grant("telegram:1", "owner")


async def test_a_code_is_eight_plain_characters_and_stays_the_same(store: Store, clock: Clock) -> None:
    pairing = await store.access.pairing("telegram:1", "Bo")
    assert len(pairing.code) == 8
    assert set(pairing.code) <= set(ALPHABET)
    assert not set("0O1IL") & set(ALPHABET)
    assert (pairing.subject, pairing.name, pairing.expires) == ("telegram:1", "Bo", clock.now + 86400)
    clock.now += 86399
    assert await store.access.pairing("telegram:1", "Bo") == pairing
    clock.now += 1
    assert (await store.access.pairing("telegram:1", "Bo")).code != pairing.code


async def test_a_code_is_used_up_and_typed_as_people_type(store: Store) -> None:
    pairing = await store.access.pairing("telegram:1", "Bo")
    typed = f"  {pairing.code[:4].lower()} {pairing.code[4:]}\n"
    assert await store.access.admit(typed, by="") == pairing
    assert await store.access.admit(pairing.code, by="") is None
    assert await store.access.pending() == []
    assert await store.access.level("telegram:1") == "member"


@pytest.mark.parametrize("code", ["", "AAAAAAAA", "' OR 1=1 --", "x" * 10_000, "\ud800\0"])
async def test_an_unknown_code_gives_nothing(store: Store, code: str) -> None:
    await store.access.pairing("telegram:1", "Bo")
    assert await store.access.admit(code, by="") is None
    assert len(await store.access.pending()) == 1


async def test_an_expired_code_gives_nothing(store: Store, clock: Clock) -> None:
    pairing = await store.access.pairing("telegram:1", "Bo")
    clock.now += 86400
    assert await store.access.pending() == []
    assert await store.access.admit(pairing.code, by="") is None


async def test_a_grant_makes_the_pending_code_void(store: Store) -> None:
    pairing = await store.access.pairing("telegram:1", "Bo")
    other = await store.access.pairing("telegram:2", "Al")
    await store.access.grant("telegram:1", "member")
    assert await store.access.admit(pairing.code, by="") is None
    assert await store.access.pending() == [other]


async def test_a_flood_of_strangers_drops_the_oldest(store: Store) -> None:
    made = [await store.access.pairing(f"telegram:{n}", f"{n}") for n in range(1003)]
    assert await store.access.pending() == made[3:]
    assert await store.access.admit(made[0].code, by="") is None


async def test_of_many_people_those_are_found_who_are_let_in(store: Store) -> None:
    assert await store.access.among([]) == set()
    await store.access.grant("telegram:7", "member")
    await store.access.grant("telegram:1200", "admin")
    await store.access.grant("telegram:9999", "member")
    asked = [f"telegram:{number}" for number in range(1500)]
    assert await store.access.among(asked) == {"telegram:7", "telegram:1200"}
