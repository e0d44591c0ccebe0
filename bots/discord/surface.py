"""Where one answer appears on Discord: a channel, thread or DM, or the reply to a slash command while its token lasts.

`DiscordBot.open` builds them. Nothing is looked up in discord.py's caches, so an answer can go on before (or without)
a gateway connection. No text ever pings anybody: every call says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import discord

from bots.discord.buttons import row_of
from bots.discord.errors import NoReply, TokenGone
from bots.discord.render import render
from bots.discord.rest import Rest
from core.errors import Gone, Moved, PlatformError, Refused
from core.surface import Limits, Out, Rate, Rendered
from core.types import Address

PAGE = 2000  # Discord: message content
NONCE = 25  # Discord: message nonce
EPHEMERAL = discord.MessageFlags(ephemeral=True).value
QUICKEST = 0.3  # seconds between two edits: quicker than this reads no better
SLACK = 1.2  # an edit each 1.2 s never empties a bucket of 5 per 5 s; one each 1.05 s does (measured)
# Until the headers of the first edit are seen. 5 per 1 s was measured in May 2026; 5 per 5 s is folklore of 2016.
FIRST_RATE, FIRST_INTERVAL = Rate(5, 1.0), 1.2
OVERALL = (Rate(50, 1.0),)

NOBODY: dict[str, Any] = {**discord.AllowedMentions.none().to_dict(), "replied_user": False}

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = MESSAGES + "/{message_id}"
FOLLOW_UPS = "/webhooks/{webhook_id}/{webhook_token}"
FOLLOW_UP = FOLLOW_UPS + "/messages/{message_id}"
ORIGINAL = "@original"  # in the place of a message id


class _Surface:
    copies = None  # a nonce is posted once

    def __init__(self, rest: Rest, address: Address) -> None:
        self._rest = rest
        self._address = address

    def render(self, markdown: str) -> Rendered:
        return render(markdown)

    def _limits(self, route: str, budget: str) -> Limits:
        rate = self._rest.rate("PATCH", route)
        interval = max(QUICKEST, SLACK * rate.seconds / rate.calls) if rate else FIRST_INTERVAL
        # https://discord.com/developers/docs/topics/rate-limits#global-rate-limit: interactions do not count
        whole = "" if self._address.token else f"discord:{self._address.bot}"
        return Limits(
            page=PAGE,
            budget=f"discord:{self._address.bot}:{budget}",
            rates=(rate or FIRST_RATE,),
            interval=interval,
            whole=whole,
            whole_rates=OVERALL,
        )


class ChannelSurface(_Surface):
    """A channel, a thread or a DM."""

    def __init__(self, rest: Rest, address: Address) -> None:
        super().__init__(rest, address)
        self._channel = address.thread or address.chat

    @property
    def limits(self) -> Limits:
        return self._limits(MESSAGE, self._channel)

    async def post(self, out: Out) -> str:
        body = _content(out) | _once(out.nonce)
        message = await self._post(body, out)
        id = str(message["id"])
        if out.nonce and not out.files and message.get("content", "").strip() != out.rendered.text.strip():
            await self.edit(id, out)  # an earlier try had been applied: its message says what was known then
        return id

    async def _post(self, body: dict[str, Any], out: Out) -> Any:
        """As a reply to the question, where that can be."""
        parts: dict[str, Any] = {"files": out.files, "channel_id": self._channel}
        if out.page == 0 and self._address.reply_to:
            reference = {"message_id": self._address.reply_to, "fail_if_not_exists": False}
            with contextlib.suppress(NoReply):
                return await self._rest.call("POST", MESSAGES, body | {"message_reference": reference}, **parts)
        return await self._rest.call("POST", MESSAGES, body, **parts)

    async def edit(self, id: str, out: Out) -> None:
        await self._rest.call("PATCH", MESSAGE, _content(out), channel_id=self._channel, message_id=id)

    async def delete(self, id: str) -> None:
        try:
            await self._rest.call("DELETE", MESSAGE, channel_id=self._channel, message_id=id)
        except Gone:
            pass

    async def typing(self) -> None:
        await self._rest.call("POST", "/channels/{channel_id}/typing", channel_id=self._channel)


class InteractionSurface(_Surface):
    """The answer to a slash command. Its first page takes the place of "thinking…".

    More pages are messages in the channel, which Discord posts once for each nonce; it takes none with a follow-up
    (ExecuteWebhook has no such field), so that is only for what one person may see, and where the bot may not write.
    When the token has run out, every method raises `Moved` to the channel, where the same messages can be edited; but
    `Refused` when only the asker may see them. acks: the interactions that are being acknowledged just now.
    """

    def __init__(
        self,
        rest: Rest,
        address: Address,
        application: str,
        clock: Callable[[], float],
        acks: Mapping[str, asyncio.Event],
    ) -> None:
        super().__init__(rest, address)
        self._acks = acks
        self._parts: dict[str, Any] = {"webhook_id": application, "webhook_token": address.token}
        self._clock = clock
        self._channel = ChannelSurface(rest, address.without_token())
        self._in_channel = not address.ephemeral

    @property
    def limits(self) -> Limits:
        return self._limits(FOLLOW_UP, hashlib.sha256(self._address.token.encode()).hexdigest()[:16])

    async def post(self, out: Out) -> str:
        if out.page == 0:
            try:
                return str((await self._call("PATCH", FOLLOW_UP, _content(out), message_id=ORIGINAL))["id"])
            except Gone:  # the user has deleted it
                pass
        if self._in_channel:
            try:
                return await self._channel.post(out)
            except (Refused, Gone):
                self._in_channel = False
        body = _content(out) | {"flags": EPHEMERAL if self._address.ephemeral else 0}
        return str((await self._call("POST", FOLLOW_UPS + "?wait=true", body, files=out.files))["id"])

    async def edit(self, id: str, out: Out) -> None:
        if out.page and self._in_channel:
            try:
                return await self._channel.edit(id, out)
            except (Refused, Gone):  # perhaps it is a follow-up
                pass
        try:
            await self._call("PATCH", FOLLOW_UP, _content(out), message_id=id)
        except Gone as gone:  # also when the token is a press's, which reaches only the message with the button
            if out.page or not self._in_channel:
                raise
            try:
                await self._channel.edit(id, out)
            except Refused:
                raise gone from None

    async def delete(self, id: str) -> None:
        try:
            await self._call("DELETE", FOLLOW_UP, message_id=id)
        except Gone:
            if self._in_channel:
                await self._channel.delete(id)

    async def typing(self) -> None:
        """Nothing: "thinking…" stands there already."""

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None, **parts: Any) -> Any:
        if (ack := self._acks.get(self._address.token)) is not None:
            await ack.wait()
        if self._clock() >= self._address.expires:
            raise self._token_gone()
        try:
            return await self._rest.call(method, path, body, **self._parts, **parts)
        except TokenGone as gone:
            raise self._token_gone() from gone

    def _token_gone(self) -> PlatformError:
        if self._address.ephemeral:
            return Refused("the interaction token ran out, and what only one person may see cannot go to the channel")
        return Moved(self._address.without_token())


def _content(out: Out) -> dict[str, Any]:
    """An edit that names no components takes away those that were there."""
    return {"content": out.rendered.text, "allowed_mentions": NOBODY, "components": row_of(out.actions)}


def _once(nonce: str) -> dict[str, Any]:
    """Discord posts a nonce once (for some minutes) and answers every other try with the first one's message."""
    if not nonce:
        return {}
    short = nonce if len(nonce) <= NONCE else hashlib.sha256(nonce.encode()).hexdigest()[:NONCE]
    return {"nonce": short, "enforce_nonce": True}
