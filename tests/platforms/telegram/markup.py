"""Checks of reply_markup: the shape of an inline keyboard and Telegram's errors about its buttons."""

from __future__ import annotations

from typing import Any

from tests.platforms.telegram.entities import link_problem
from tests.platforms.telegram.rejected import Rejected

CALLBACK_BYTES = 64  # Bot API InlineKeyboardButton
OTHER_ACTIONS = {"switch_inline_query", "switch_inline_query_current_chat", "copy_text", "web_app", "login_url", "pay"}


def check_markup(markup: Any) -> dict[str, Any] | None:
    """The markup to store; an empty keyboard is none."""
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise Rejected("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return markup
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list):
        raise Rejected('field "inline_keyboard" must be of type Array')
    for row in rows:
        for button in row:
            _check_button(button)
    return markup if any(rows) else None


def _check_button(button: dict[str, Any]) -> None:
    if "text" not in button:
        raise Rejected("can't parse inline keyboard button: Can't find field \"text\"")
    data, url = button.get("callback_data"), button.get("url")
    if data:
        if len(data.encode()) > CALLBACK_BYTES:
            raise Rejected("BUTTON_DATA_INVALID")
    elif url:
        problem = link_problem(url)
        if problem:
            raise Rejected(f"inline keyboard button URL '{url}' is invalid: {problem}")
    elif not OTHER_ACTIONS & button.keys():
        raise Rejected("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
