"""Answers on screen: posted once, edited in place, never pinging, and every failure in the core's words."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from bots.discord.surface import NONCE
from core.errors import Gone, Moved, PlatformError, Refused, TooFast, TooLong, Unknown, Unreachable
from core.surface import Action, Out, Rendered, Surface
from core.types import Address
from tests.bots.discord.world import World, out
from tests.patience import PATIENCE
from tests.platforms.discord import (
    DELETE_MESSAGE,
    EDIT_MESSAGE,
    EDIT_RESPONSE,
    FOLLOW_UP,
    POST_MESSAGE,
    READ_HISTORY,
    SEND,
    VIEW,
    Interaction,
    Limits,
    Rate,
    Route,
)


async def asked(world: World, command: str = "retry") -> tuple[Interaction, Surface]:
    """A slash command that was taken, and the surface of its answer."""
    before = len(world.core.got)
    interaction = await world.channel.slash(world.alice, command)
    incoming = await world.taken(before + 1)
    await interaction.until(lambda interaction: interaction.acked)
    return interaction, world.bot.open(incoming.address)


async def test_post_replies_edit_replaces_delete_removes(world: World) -> None:
    surface = await world.surface()
    id = await surface.post(out(surface, "one"))
    more = await surface.post(out(surface, "two", page=1))
    first, second = world.dm.from_bot
    assert (first.content, first.reply_to) == ("one", world.dm.log[0])
    assert (second.content, second.reply_to) == ("two", None)
    await surface.edit(id, out(surface, "__one__ and a half"))
    assert first.content == "**one** and a half"
    await surface.delete(more)
    await surface.delete(more)  # gone already is as good
    assert world.dm.from_bot == [first]


async def test_a_question_that_was_deleted_is_answered_all_the_same(world: World) -> None:
    surface = await world.surface()
    await world.dm.log[0].delete()
    await surface.post(out(surface, "still here"))
    assert [message.content for message in world.dm.from_bot] == ["still here"]


async def test_where_the_bot_may_not_read_the_history_it_answers_without_a_reply(world: World) -> None:
    await world.channel.send(world.alice, "hi", mention_bot=True)
    surface = world.bot.open((await world.taken()).address)
    world.channel.deny(READ_HISTORY)
    await surface.edit(await surface.post(out(surface, "hello")), out(surface, "hello there"))
    assert [(message.content, message.reply_to) for message in world.channel.from_bot] == [("hello there", None)]


async def test_a_reference_that_discord_does_not_take_costs_no_answer(world: World) -> None:
    surface = await world.surface()
    unknown = {"_errors": [{"code": "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "message": "Unknown message"}]}
    body = {"code": 50035, "message": "Invalid Form Body", "errors": {"message_reference": unknown}}
    world.server.fault(POST_MESSAGE, status=400, body=body)
    await surface.post(out(surface, "hello"))
    assert [(message.content, message.reply_to) for message in world.dm.from_bot] == [("hello", None)]


async def test_typing(world: World) -> None:
    surface = await world.surface()
    await surface.typing()
    assert len(world.dm.typings) == 1


async def test_nobody_is_ever_pinged(world: World) -> None:
    text = f"@everyone @here {world.alice.mention} <@&{world.guild.id}>"
    await world.channel.send(world.alice, "hi", mention_bot=True)
    surface = world.bot.open((await world.taken()).address)
    id = await surface.post(out(surface, text))
    await surface.edit(id, out(surface, text + "!"))
    _, answer = await asked(world)
    id = await answer.post(out(answer, text))
    await answer.edit(id, out(answer, text + "!"))
    await answer.post(out(answer, text, page=1))
    assert world.server.pings == []
    sent = world.server.calls_to(POST_MESSAGE, EDIT_MESSAGE, EDIT_RESPONSE, FOLLOW_UP)
    assert len(sent) == 5
    assert all(call.json["allowed_mentions"] == {"parse": [], "replied_user": False} for call in sent)
    assert text in world.channel.from_bot[-1].content  # and yet it is all to be read


async def test_the_same_nonce_posts_once(world: World) -> None:
    surface = await world.surface()
    world.server.fault(POST_MESSAGE, after_status=500)
    with pytest.raises(Unknown):
        await surface.post(out(surface, "once", nonce="turn-1"))
    id = await surface.post(out(surface, "once", nonce="turn-1"))
    assert [str(message.id) for message in world.dm.from_bot] == [id]
    long = "a very long nonce of a very long turn"
    await surface.post(out(surface, "twice", nonce=long))
    await surface.post(out(surface, "twice", nonce=long))
    assert len(world.dm.from_bot) == 2
    assert len(world.server.calls_to(POST_MESSAGE)[-1].json["nonce"]) == NONCE


async def test_an_answer_fills_in_thinking_and_goes_on_below(world: World) -> None:
    interaction, surface = await asked(world)
    await surface.typing()  # "thinking…" stands there already
    id = await surface.post(out(surface, "one"))
    more = await surface.post(out(surface, "two", page=1))
    await surface.edit(id, out(surface, "one!"))
    await surface.edit(more, out(surface, "two!", page=1))
    assert (interaction.text, [message.content for message in world.channel.from_bot]) == ("one!", ["one!", "two!"])
    await surface.delete(more)
    await surface.delete(more)
    assert len(world.channel.from_bot) == 1
    assert world.channel.typings == []


async def test_the_second_page_of_a_private_answer_is_private_too(world: World) -> None:
    interaction, surface = await asked(world, "help")
    await surface.post(out(surface, "one"))
    await surface.post(out(surface, "two", page=1))
    resumed = world.bot.open(world.core.got[-1].address)  # as after a restart
    await resumed.post(out(resumed, "three", page=2))
    assert [message.ephemeral for message in interaction.follow_ups] == [True, True]
    _, surface = await asked(world)
    await surface.post(out(surface, "one"))
    await surface.post(out(surface, "two", page=1))
    assert [message.ephemeral for message in world.channel.from_bot][-2:] == [False, False]


async def test_a_second_page_whose_answer_was_lost_is_posted_once(world: World) -> None:
    _, surface = await asked(world)
    await surface.post(out(surface, "one", nonce="n-0"))
    world.server.fault(POST_MESSAGE, cut="after")
    with pytest.raises(Unknown):
        await surface.post(out(surface, "two", page=1, nonce="n-1"))
    id = await surface.post(out(surface, "two", page=1, nonce="n-1"))
    resumed = world.bot.open(world.core.got[-1].address)  # as after a restart
    assert await resumed.post(out(resumed, "two", page=1, nonce="n-1")) == id
    assert [message.content for message in world.channel.from_bot] == ["one", "two"]


async def test_a_post_that_was_applied_unknown_to_us_shows_the_newer_text(world: World) -> None:
    """Discord answers a nonce that it knows with the message as it is, whatever the new try says."""
    surface = await world.surface()
    world.server.fault(POST_MESSAGE, cut="after")
    with pytest.raises(Unknown):
        await surface.post(out(surface, "one", nonce="n-0"))
    id = await surface.post(out(surface, "one and two", nonce="n-0"))
    assert [(str(m.id), m.content) for m in world.dm.from_bot] == [(id, "one and two")]


async def test_where_the_bot_may_not_write_a_second_page_is_a_follow_up(world: World) -> None:
    world.channel.deny(SEND | VIEW)
    interaction, surface = await asked(world)
    await surface.post(out(surface, "one"))
    id = await surface.post(out(surface, "two", page=1))
    resumed = world.bot.open(world.core.got[-1].address)
    await resumed.edit(id, out(resumed, "two!", page=1))
    assert [message.content for message in interaction.follow_ups] == ["two!"]
    await resumed.delete(id)
    assert [message.content for message in world.channel.from_bot] == ["one"]


async def test_an_answer_that_the_user_deleted_is_posted_anew(world: World) -> None:
    interaction, surface = await asked(world)
    id = await surface.post(out(surface, "one"))
    assert interaction.response
    await interaction.response.delete()
    with pytest.raises(Gone):
        await surface.edit(id, out(surface, "two"))
    assert await surface.post(out(surface, "anew")) == str(world.channel.from_bot[-1].id)


async def test_an_expired_token_moves_the_answer_into_the_channel(world: World) -> None:
    interaction, surface = await asked(world)
    id = await surface.post(out(surface, "one"))
    interaction.created -= 901  # Discord's clock
    for call in (
        lambda: surface.post(out(surface, "two")),
        lambda: surface.edit(id, out(surface, "two")),
        lambda: surface.delete(id),
    ):
        with pytest.raises(Moved) as moved:
            await call()
    there = moved.value.address
    assert (there.token, there.chat) == ("", str(world.channel.id))
    channel = world.bot.open(there)
    await channel.edit(id, out(channel, "one and a half"))  # the same message
    assert interaction.text == "one and a half"


async def test_the_token_of_a_press_reaches_all_pages_of_the_answer(world: World) -> None:
    """Discord knows it for the message with the button alone, which is the last."""
    _, surface = await asked(world)
    first = await surface.post(out(surface, "one"))
    again = (Action("retry", "Again", "retry:1"),)
    last = await surface.post(replace(out(surface, "two", page=1), actions=again))
    press = await world.channel.from_bot[-1].press(world.alice, "Again")
    await press.until(lambda press: press.acked)
    address = world.core.got[0].address
    later = world.bot.open(replace(address, token=press.token, expires=address.expires + 900))
    for id, text, page in ((first, "once more", 0), (last, "to the end", 1)):
        await later.edit(id, out(later, text, page=page))
    assert [message.content for message in world.channel.from_bot] == ["once more", "to the end"]
    world.channel.deny(VIEW)
    with pytest.raises(Gone):  # so that it is posted anew
        await later.edit(first, out(later, "and again"))


async def test_what_only_the_asker_may_see_never_moves_into_the_channel(world: World) -> None:
    interaction, surface = await asked(world, "help")
    id = await surface.post(out(surface, "one"))
    interaction.created -= 901  # Discord's clock
    with pytest.raises(Refused):
        await surface.edit(id, out(surface, "two"))
    late = world.bot.open(Address(**(world.core.got[-1].address.as_json() | {"expires": time.time() - 1})))
    with pytest.raises(Refused):
        await late.post(out(late, "two"))


async def test_a_token_that_must_have_expired_is_not_even_tried(world: World) -> None:
    interaction, _ = await asked(world)
    address = Address(**(world.core.got[-1].address.as_json() | {"expires": time.time() - 1}))
    surface = world.bot.open(address)
    calls = len(world.server.calls)
    with pytest.raises(Moved):
        await surface.post(out(surface, "late"))
    assert len(world.server.calls) == calls
    assert not interaction.text


async def test_an_interaction_that_discord_never_took_moves_too(world: World) -> None:
    interaction, surface = await asked(world)
    interaction.acked = 0
    with pytest.raises(Moved):
        await surface.post(out(surface, "hello"))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 403, "code": 50013}, Refused),
        ({"status": 403, "code": 50001}, Refused),
        ({"status": 404, "code": 10008}, Gone),
        ({"status": 404, "code": 10003}, Gone),
        ({"status": 400, "code": 50035}, Refused),
        ({"status": 400, "code": 50083}, Refused),
        ({"status": 401}, Unreachable),
        ({"status": 500}, Unknown),
        ({"status": 503}, Unknown),
        ({"after_status": 502}, Unknown),
        ({"cut": "before"}, Unknown),
        ({"cut": "after"}, Unknown),
        ({"retry_after": 45.0}, TooFast),
        ({"retry_after": 45.0, "scope": "global"}, TooFast),
        ({"retry_after": 45.0, "scope": "shared"}, TooFast),
    ],
)
@pytest.mark.parametrize("route", [EDIT_MESSAGE, POST_MESSAGE, DELETE_MESSAGE], ids=str)
async def test_failures_in_the_cores_words(
    world: World, route: Route, fault: dict[str, Any], error: type[PlatformError]
) -> None:
    surface = await world.surface()
    id = await surface.post(out(surface, "one"))
    world.server.fault(route, **fault)
    if route is DELETE_MESSAGE and (error is Gone or "cut" in fault):  # aiohttp repeats a DELETE that was cut off
        return await surface.delete(id)
    before = time.monotonic()
    with pytest.raises(error) as raised:
        await (
            surface.edit(id, out(surface, "two"))
            if route is EDIT_MESSAGE
            else surface.delete(id)
            if route is DELETE_MESSAGE
            else surface.post(out(surface, "two"))
        )
    assert time.monotonic() - before < PATIENCE  # it never waits by itself; discord.py does, 25 s and 45 s
    assert type(raised.value) is error
    if isinstance(raised.value, TooFast):
        assert raised.value.retry_after == fault["retry_after"]
    if route is EDIT_MESSAGE:  # and the next one goes through
        await surface.edit(id, out(surface, "three"))
        assert world.dm.from_bot[0].content == "three"


async def test_too_long(world: World) -> None:
    surface = await world.surface()
    with pytest.raises(TooLong):
        await surface.post(Out(Rendered("x" * 2001, 2001)))
    await surface.post(Out(Rendered("😀" * 1000, 2000)))
    assert surface.limits.page == 2000


async def test_places_that_do_not_take_messages(world: World) -> None:
    await world.channel.send(world.alice, "hi", mention_bot=True)
    surface = world.bot.open((await world.taken()).address)
    for permissions in (SEND, VIEW):
        world.channel.deny(permissions)
        with pytest.raises(Refused):
            await surface.post(out(surface, "hello"))
    world.dm.closed = True
    private = world.bot.open(Address("discord", world.bot.bot, str(world.dm.id)))
    with pytest.raises(Refused):
        await private.post(out(private, "hello"))
    nowhere = world.bot.open(Address("discord", world.bot.bot, "12345"))
    with pytest.raises(Gone):
        await nowhere.post(out(nowhere, "hello"))


async def test_a_discord_that_is_not_there(world: World) -> None:
    surface = await world.surface()
    await world.bot.stop()
    with pytest.raises(Unreachable):
        await surface.post(out(surface, "hello"))


async def test_the_pace_is_what_discords_headers_say(world: World) -> None:
    surface = await world.surface()
    assert surface.limits.interval == pytest.approx(1.2)
    assert surface.limits.rates[0].calls == 5
    id = await surface.post(out(surface, "0"))
    await surface.edit(id, out(surface, "1"))
    assert surface.limits.interval == pytest.approx(0.3)
    assert surface.limits.rates[0].seconds == pytest.approx(1.0, abs=0.05)


async def test_an_edit_never_waits_for_the_bucket(world: World) -> None:
    """discord.py's own edit() would sleep for the rest of the window on the fifth one."""
    world.server.limiter.limits = Limits(edit=Rate(5, 30.0))
    surface = await world.surface()
    id = await surface.post(out(surface, "0"))
    began = time.monotonic()
    for number in range(1, 6):
        await surface.edit(id, out(surface, str(number)))
    with pytest.raises(TooFast) as raised:
        await surface.edit(id, out(surface, "6"))
    assert time.monotonic() - began < PATIENCE
    assert 30 - PATIENCE < raised.value.retry_after <= 30
    assert surface.limits.interval == pytest.approx(1.2 * 30 / 5, abs=0.3)
    assert world.server.too_many == 0  # and nothing was sent that Discord would have refused


async def test_many_calls_at_once_to_a_place_not_seen_before(world: World) -> None:
    surface = await world.surface()
    ids = await asyncio.gather(*(surface.post(out(surface, str(number))) for number in range(5)))
    assert len(set(ids)) == 5
    with pytest.raises(TooFast):
        await surface.post(out(surface, "6"))
    assert world.server.too_many == 0


async def test_each_interaction_has_a_budget_of_its_own_without_its_token(world: World) -> None:
    (one, first), (_, second) = await asked(world), await asked(world)
    assert first.limits.budget != second.limits.budget
    assert one.token not in first.limits.budget
    for number in range(2):
        await first.post(out(first, str(number)))
    assert first.limits.rates[0].seconds == pytest.approx(2.0, abs=0.1)


async def test_admins(world: World) -> None:
    boss, stranger = world.server.user("boss"), world.server.user("stranger")
    owner = world.guild.members[0]
    world.guild.join(boss)
    here = Address("discord", world.bot.bot, str(world.channel.id), private=False, space=str(world.guild.id))
    assert await world.bot.is_admin(here, str(owner.id))
    assert not await world.bot.is_admin(here, str(boss.id))
    world.guild.admins.append(boss)
    assert await world.bot.is_admin(here, str(boss.id))
    assert not await world.bot.is_admin(here, str(stranger.id))
    assert not await world.bot.is_admin(Address("discord", world.bot.bot, str(world.dm.id)), str(owner.id))
    elsewhere = Address("discord", world.bot.bot, "1", private=False, space="12345")
    assert not await world.bot.is_admin(elsewhere, str(owner.id))
