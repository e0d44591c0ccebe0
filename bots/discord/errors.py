"""What discord.py and aiohttp raise, as the core's platform errors. `rest` is the only caller."""

from __future__ import annotations

import aiohttp
import discord

from core.errors import Gone, PlatformError, Refused, TooFast, TooLong, Unknown, Unreachable

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION = 10003, 10008, 10015, 10062
INVALID_WEBHOOK_TOKEN, INVALID_FORM = 50027, 50035
CANNOT_REPLY = 160002  # "Cannot reply without permission to read message history"


class TokenGone(Refused):
    """An interaction token has run out, or Discord never took the interaction."""


class NoReply(Refused):
    """It would be taken if it were no reply: the bot may not read the history, or the question is not there."""


def translated(error: Exception) -> PlatformError | None:
    """The same failure in the core's words; None for an error that is none of the platform's."""
    match error:
        case discord.RateLimited():
            return TooFast(error.retry_after)
        case discord.HTTPException():
            return _answered(error)
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return Unreachable(type(error).__name__)
        case aiohttp.ClientError() | TimeoutError() | OSError():
            return Unknown(type(error).__name__)
        case RuntimeError() if "losed" in str(error):  # "Session is closed": the bot is being stopped or restarted
            return Unreachable("the connection to Discord is closed")
    return None


def _answered(error: discord.HTTPException) -> PlatformError:
    if error.code in (UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN, UNKNOWN_INTERACTION):
        return TokenGone(str(error))
    if error.code in (UNKNOWN_MESSAGE, UNKNOWN_CHANNEL):
        return Gone(str(error))
    if error.code == INVALID_FORM and "in content" in error.text.lower() and "length" in error.text.lower():
        return TooLong(str(error))
    if error.code == CANNOT_REPLY or (error.code == INVALID_FORM and "in message_reference" in error.text.lower()):
        return NoReply(str(error))
    if error.status >= 500:
        return Unknown(str(error))
    if error.status == 401:  # the bot's own token: nothing that was said is lost by waiting for a new one
        return Unreachable("Discord refuses DISCORD_BOT_TOKEN")
    return Refused(str(error))
