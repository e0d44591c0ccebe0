"""The list of conversations, page by page: any of them can be reached, however many there are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.commands import conversations
from core.errors import UserError
from core.store import Store
from core.store.sessions import Sessions
from core.types import SessionKey

KEY = SessionKey("telegram", "7", "5")


@pytest.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[Sessions]:
    """23 of them, "no. 23" the newest."""
    time = iter(range(1000))
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'chinwag.db'}", now=lambda: float(next(time)))
    for number in range(1, 24):
        session = await store.sessions.new(KEY)
        await store.sessions.set(session.id, title=f"no. {number}")
    yield store.sessions
    await store.close()


async def test_the_newest_are_listed_and_how_to_see_more(sessions: Sessions) -> None:
    lines = (await conversations.listed(sessions, KEY, "")).splitlines()
    assert lines[1].startswith("1. no. 23 (")
    assert lines[1].endswith(" ← you are here")
    assert lines[20].startswith("20. no. 4 (")
    assert lines[21] == "There are 23 in all. Older ones: /sessions from 21"


@pytest.mark.parametrize("argument", ["from 21", "FROM  21"])
async def test_the_rest_is_listed_with_its_own_numbers(sessions: Sessions, argument: str) -> None:
    assert conversations.asks_for_list(argument)
    lines = (await conversations.listed(sessions, KEY, argument)).splitlines()
    assert [line.split(" (")[0] for line in lines[1:4]] == ["21. no. 3", "22. no. 2", "23. no. 1"]
    assert lines[4] == ""


async def test_a_page_behind_the_last_says_how_many_there_are(sessions: Sessions) -> None:
    with pytest.raises(UserError, match="only 23 conversations"):
        await conversations.listed(sessions, KEY, "from 24")


async def test_any_number_can_be_chosen(sessions: Sessions) -> None:
    assert not conversations.asks_for_list("22")
    assert "“no. 2”" in await conversations.choose(sessions, KEY, "22")
    assert (await sessions.current(KEY)).title == "no. 2"


@pytest.mark.parametrize("argument", ["24", "0", "-1", "x", "²", "1e3", "9999999999"])
async def test_what_is_no_number_of_the_list_is_named(sessions: Sessions, argument: str) -> None:
    with pytest.raises(UserError, match="no conversation number"):
        await conversations.choose(sessions, KEY, argument)


async def test_a_menu_offers_all_and_keeps_their_numbers(sessions: Sessions) -> None:
    offered = await conversations.suggested(sessions, KEY)
    assert len(offered) == 23
    assert offered[22].value == "23"
    assert offered[22].label.startswith("23. no. 1 (")
