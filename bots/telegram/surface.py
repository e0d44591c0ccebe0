"""One place in Telegram where an answer appears. `TelegramBot.open` makes it, core/live drives it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from telegram import Bot, InputFile, LinkPreviewOptions, MessageEntity, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import BadRequest

from bots.telegram.buttons import keyboard
from bots.telegram.copies import Copies
from bots.telegram.entities import Span
from bots.telegram.errors import about_entities, describe, not_modified, translated
from bots.telegram.render import render
from bots.telegram.request import SEND_READ_TIMEOUT
from bots.telegram.traces import Traces
from core.errors import Gone
from core.surface import Limits, Out, Rate, Rendered
from core.types import Address

PAGE = 4096  # Bot API, sendMessage: UTF-16 units after entity parsing
GENERAL = "1"  # the topic that every forum has; sends refuse its id, chat actions want it

# Bot FAQ: "not able to send more than 20 messages per minute" to a group; edits count (levlam, tdlib/td #2592).
# Measured in 2026-05: 20 pass, the 21st within about 60 s is refused. The extra second is for the way to the server.
GROUP = (Rate(20, 61.0),)
# The FAQ asks for one message a second in a chat and allows bursts; no exact figure is known. Bots that edited every
# 0.8 s for three minutes, or every second for hours, were locked out for minutes; 40 a minute was never reported so.
PRIVATE = (Rate(20, 20.0), Rate(45, 60.0))
OVERALL = (Rate(30, 1.0),)  # Bot FAQ: about 30 messages a second

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_T = TypeVar("_T")
log = logging.getLogger(__name__)


class TelegramSurface:
    """Implements `core.surface.Surface` with sendMessage and editMessageText."""

    def __init__(self, bot: Bot, address: Address, traces: Traces | None = None) -> None:
        self._bot = bot
        self._traces = traces or Traces()
        self.copies = Copies(bot, address, self._traces)
        self._address = address
        self._chat = int(address.chat)
        self._thread = int(address.thread) if address.thread not in ("", GENERAL) else None
        self.limits = Limits(
            page=PAGE,
            budget=f"telegram:{address.bot}:{address.chat}",  # topics share the group's (measured 2026-05)
            rates=PRIVATE if address.private else GROUP,
            whole=f"telegram:{address.bot}",
            whole_rates=OVERALL,
        )

    def render(self, markdown: str) -> Rendered:
        return render(markdown)

    async def post(self, out: Out) -> str:
        async def send(entities: Sequence[MessageEntity]) -> str:
            message = await self._bot.send_message(
                self._chat,
                out.rendered.text,
                entities=entities,
                message_thread_id=self._thread,
                reply_parameters=self._reply(out),
                link_preview_options=_NO_PREVIEW,
                reply_markup=keyboard(out.actions),
                read_timeout=SEND_READ_TIMEOUT,
            )
            return str(message.message_id)

        async def hand_over(entities: Sequence[MessageEntity]) -> str:
            (file,) = out.files
            message = await self._bot.send_document(
                self._chat,
                InputFile(file.content, filename=file.name),
                caption=out.rendered.text,
                caption_entities=entities,
                message_thread_id=self._thread,
                reply_markup=keyboard(out.actions),
                read_timeout=SEND_READ_TIMEOUT,
            )
            return str(message.message_id)

        with translated(self._address), self._traces.posting(self._chat, out.nonce):
            id = await self._plainer_if_refused(out, hand_over if out.files else send)
            self._traces.seen(self._chat, int(id))
            return id

    async def edit(self, id: str, out: Out) -> None:
        async def edit(entities: Sequence[MessageEntity]) -> None:
            try:
                await self._bot.edit_message_text(
                    out.rendered.text,
                    self._chat,
                    int(id),
                    entities=entities,
                    link_preview_options=_NO_PREVIEW,
                    reply_markup=keyboard(out.actions),
                )
            except BadRequest as error:
                if not not_modified(error):
                    raise

        with translated(self._address):
            await self._plainer_if_refused(out, edit)
        self._traces.seen(self._chat, int(id))  # an earlier process may have posted it
        self._traces.unmark(self._chat, int(id))

    async def delete(self, id: str) -> None:
        try:
            with translated(self._address):
                await self._bot.delete_message(self._chat, int(id))
        except Gone:
            pass
        self._traces.unmark(self._chat, int(id))

    async def typing(self) -> None:
        thread = int(self._address.thread) if self._address.thread else None
        with translated(self._address):
            await self._bot.send_chat_action(self._chat, ChatAction.TYPING, message_thread_id=thread)

    def _reply(self, out: Out) -> ReplyParameters | None:
        """Only the first page replies, and is sent all the same when the question was deleted."""
        if out.page or not self._address.reply_to:
            return None
        return ReplyParameters(int(self._address.reply_to), allow_sending_without_reply=True)

    async def _plainer_if_refused(self, out: Out, call: Callable[[Sequence[MessageEntity]], Awaitable[_T]]) -> _T:
        """A whole message is worth more than its bold: refused entities are left out, once."""
        spans: tuple[Span, ...] = out.rendered.payload or ()
        try:
            return await call([_entity(span) for span in spans])
        except BadRequest as error:
            if not spans or not about_entities(error):
                raise
            log.warning("Telegram refused the entities of a message, sending it plain (%s)", describe(error))
            return await call(())


def _entity(span: Span) -> MessageEntity:
    return MessageEntity(span.type, span.offset, span.length, url=span.url, language=span.language)
