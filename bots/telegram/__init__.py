"""The Telegram platform: a thin adapter over python-telegram-bot. `bots.__main__` starts `TelegramBot`."""

from __future__ import annotations

import os

# python-telegram-bot's own opt-in: time periods as timedelta. Without it every RetryAfter warns twice when it is made.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from bots.telegram.bot import TelegramBot

__all__ = ["TelegramBot"]
