"""Who runs a group, asked of Telegram at most once a minute per person. `TelegramBot.is_admin` is this."""

from __future__ import annotations

import logging
from collections.abc import Callable

from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import TelegramError

from bots.telegram.errors import describe
from core.types import Address

FRESH = 60.0  # seconds
MOST = 1000
_RUNS_IT = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)
log = logging.getLogger(__name__)


class Admins:
    def __init__(self, bot: Bot, clock: Callable[[], float]) -> None:
        self._bot, self._clock = bot, clock
        self._known: dict[tuple[str, str], tuple[float, bool]] = {}

    async def has(self, address: Address, user: str) -> bool:
        """False in private, and when Telegram cannot be asked: whoever may not be an admin is none."""
        if address.private or not user.isdecimal():
            return False
        asked, answer = self._known.get((address.chat, user), (-FRESH, False))
        if self._clock() - asked < FRESH:
            return answer
        try:
            member = await self._bot.get_chat_member(int(address.chat), int(user))
        except TelegramError as error:
            log.warning("Telegram did not say who runs a group (%s)", describe(error))
            return False
        return self._remember((address.chat, user), member.status in _RUNS_IT)

    def _remember(self, who: tuple[str, str], answer: bool) -> bool:
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[who] = (self._clock(), answer)
        return answer
