"""Which message an unanswered post has left: Telegram has no key that makes a post once, and shows bots no history.

But it answers an edit with the whole message. So the buttons of a suspect are edited, which touches no text and
makes no sound; only our own messages can be edited at all. Every `TelegramSurface` has a `Copies`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.error import BadRequest, Forbidden, RetryAfter

from bots.telegram.errors import not_modified, translated
from bots.telegram.traces import Traces
from core.observe.calls import counted
from core.surface import Again, Doubt
from core.types import Address

# Stands under a suspect for the moment of one call; a press of it is told that it is an old button.
MARK = InlineKeyboardMarkup([[InlineKeyboardButton("…", callback_data="?")]])


class Copies:
    """Implements `core.surface.Copies` for the chat of an address. traces: what is known of the bot's messages."""

    def __init__(self, bot: Bot, address: Address, traces: Traces) -> None:
        self._bot, self._address, self._traces = bot, address, traces
        self._chat = int(address.chat)

    def suspects(self, doubt: Doubt) -> Sequence[str] | None:
        ids = self._traces.unknown(self._chat, doubt.out.nonce, int(doubt.after or 0))
        return None if ids is None else [str(id) for id in ids]

    async def left_by(self, id: str, doubts: Sequence[Doubt]) -> Doubt | Again | None:
        with counted(self._address.platform, "ask"), translated(self._address):
            return await _left_by(self._bot, self._chat, int(id), doubts, self._traces)

    def marked(self) -> Sequence[str]:
        return [str(id) for id in self._traces.marked(self._chat)]


async def _left_by(bot: Bot, chat: int, id: int, doubts: Sequence[Doubt], traces: Traces) -> Doubt | Again | None:
    """The post that left this message: it is ours, says the same, and answers the same question. Else None.

    One call. "again": the message has a mark, or may have one, and the next call takes it away. Another message of
    ours that nobody knew of has no buttons until its next edit; nothing else ever changes. Raises
    python-telegram-bot's errors: then it can be asked about again.
    """
    if id in traces.marked(chat):
        return await _unmark(bot, chat, id, doubts, traces)
    traces.mark(chat, id)  # also when no answer comes
    try:
        message = await _with_buttons(bot, chat, id, MARK)
    except (RetryAfter, Forbidden):
        traces.unmark(chat, id)
        raise
    if message is None:
        traces.unmark(chat, id)
        return None
    traces.mark(chat, id)  # another search may have taken it for one of its own
    if message == "the same":  # it was marked before, by an earlier process
        return "again"
    return _of(message, doubts) or "again"


async def _unmark(bot: Bot, chat: int, id: int, doubts: Sequence[Doubt], traces: Traces) -> Doubt | Again | None:
    try:
        message = await _with_buttons(bot, chat, id, None)
    except Forbidden:  # for ever
        traces.unmark(chat, id)
        raise
    traces.unmark(chat, id)
    if message == "the same":  # the mark had not arrived: nothing is known yet
        return "again"
    return None if message is None else _of(message, doubts)


async def _with_buttons(
    bot: Bot, chat: int, id: int, buttons: InlineKeyboardMarkup | None
) -> Message | Literal["the same"] | None:
    """The message with other buttons. None: it is not there, or not ours."""
    try:
        message = await bot.edit_message_reply_markup(chat, id, reply_markup=buttons)
    except BadRequest as error:
        return "the same" if not_modified(error) else None
    return message if isinstance(message, Message) else None


def _of(message: Message, doubts: Sequence[Doubt]) -> Doubt | None:
    return next((doubt for doubt in doubts if _is_of(message, doubt)), None)


def _is_of(message: Message, doubt: Doubt) -> bool:
    said = message.text or message.caption or ""
    if _gist(said) != _gist(doubt.out.rendered.text):
        return False
    question = message.reply_to_message
    return bool(doubt.out.page) or not doubt.after or (question is not None and str(question.message_id) == doubt.after)


def _gist(text: str) -> str:
    """A text without what Telegram may change in it: blanks and invisible characters."""
    return "".join(character for character in text if character.isprintable() and not character.isspace())
