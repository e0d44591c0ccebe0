"""Buttons as Telegram has them: an inline keyboard under a message."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from core.surface import Action


def keyboard(actions: Sequence[Action]) -> InlineKeyboardMarkup | None:
    """One row of buttons. None: no keyboard, which in an edit takes away the one that was there (Bot API)."""
    if not actions:
        return None
    return InlineKeyboardMarkup([[InlineKeyboardButton(a.label, callback_data=a.data) for a in actions]])
