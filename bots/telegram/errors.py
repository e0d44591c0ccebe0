"""What Telegram answered, as the core's errors. The token never gets into one, whatever a library puts in its text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from core.errors import Gone, Moved, PlatformError, Refused, TooFast, TooLong, Unknown, Unreachable
from core.observe.scrub import scrub
from core.types import Address

# These are raised before a byte of the request has left (PoolTimeout: python-telegram-bot says so in its message).
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)

# Descriptions as tdlib/telegram-bot-api Client.cpp writes them, in lower case.
_TOO_LONG = ("message is too long", "message_too_long", "text is too long", "message caption is too long")
_GONE = (
    "message to edit not found",
    "message to delete not found",
    "message_id_invalid",
    "message thread not found",
    "topic_deleted",
    "chat not found",
    "peer_id_invalid",
    "user is deactivated",
    "group chat was deactivated",
    "group chat was deleted",
)
_ENTITIES = ("entit", "url", "user not found")


def describe(error: BaseException) -> str:
    """One line for the log."""
    return scrub(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def not_modified(error: TelegramError) -> bool:
    return isinstance(error, BadRequest) and "message is not modified" in str(error).lower()


def about_entities(error: TelegramError) -> bool:
    """Whether the same text without entities may be taken."""
    return isinstance(error, BadRequest) and _says(error, _ENTITIES) and not _says(error, _TOO_LONG)


def seconds(period: int | float | timedelta) -> float:
    """python-telegram-bot's time periods: a timedelta, or a number in older versions."""
    return period.total_seconds() if isinstance(period, timedelta) else float(period)


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Raise the core's errors instead of python-telegram-bot's, whose chain may quote a URL with the token."""
    try:
        yield
    except TelegramError as error:
        raise translate(error, address) from None


def translate(error: TelegramError, address: Address) -> PlatformError:
    if isinstance(error, RetryAfter):
        return TooFast(seconds(error.retry_after))
    if isinstance(error, ChatMigrated):
        chat = str(error.new_chat_id)
        return Moved(replace(address, chat=chat, space=chat, reply_to=""), "the group became a supergroup")
    if isinstance(error, (BadRequest, Forbidden)):
        return _refusal(error)
    if isinstance(error, InvalidToken):  # somebody revoked it: the message can be sent once the new token is set
        return Unreachable("Telegram no longer takes TELEGRAM_BOT_TOKEN")
    if isinstance(error, NetworkError):
        return _network(error)
    return Unknown(describe(error))


def _refusal(error: TelegramError) -> PlatformError:
    if _says(error, _TOO_LONG):
        return TooLong(describe(error))
    return Gone(describe(error)) if _says(error, _GONE) else Refused(describe(error))


def _network(error: NetworkError) -> PlatformError:
    """A read that timed out, a broken connection and a 5xx leave open whether the call was applied."""
    not_sent = isinstance(error.__cause__, (*_NOT_SENT, RuntimeError))  # RuntimeError: the client is closed
    if not not_sent and isinstance(error, TimedOut):
        return Unknown("Telegram did not answer in time")
    return Unreachable(describe(error)) if not_sent else Unknown(describe(error))


def _says(error: TelegramError, phrases: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(phrase in text for phrase in phrases)
