"""Every error that Chinwag raises on purpose, in one tree.

    ChinwagError
    ├── SetupError                 settings, port, database: said in one line at start, exit code 2
    ├── PlatformError              what a Surface raises; only the core catches these
    │   ├── TooFast                the platform asks to wait `retry_after` seconds
    │   ├── TooLong                the rendered text is larger than one page may be
    │   ├── Gone                   the message or the chat is no longer there
    │   ├── Refused                the platform will never take this (no permission, blocked, malformed)
    │   ├── Unknown                no answer came: the call may have been applied
    │   ├── Unreachable            the call certainly was not applied; try again later
    │   └── Moved                  the place has a new address
    ├── ModelError                 what a model raises; the class docstring is what the user reads
    │   ├── ModelNotReady          still loading or downloading
    │   ├── ModelUnreachable       no connection, or no answer in time
    │   ├── ModelBusy              the endpoint is rate limited or overloaded
    │   ├── ModelForbidden         the key is wrong, or its quota is used up
    │   ├── ModelUnknown           the endpoint does not know this model
    │   ├── ModelRefused           the endpoint will not answer this (content policy, bad request)
    │   ├── ContextTooLong         the conversation is larger than the model can read
    │   └── ModelCut               the stream ended before the answer was complete
    ├── StoreError                 what was to be kept could not be: the disk is full, say; its docstring is for users
    └── UserError                  a command that cannot be done; the message is for the user

A user is only ever shown `shown(error)`: the text of the tree, or a short id that stands in the log too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.types import Address

UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


class ChinwagError(Exception):
    """Something went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class SetupError(ChinwagError):
    """Chinwag cannot start. The message names the setting and the cure."""


class PlatformError(ChinwagError):
    """The chat platform did not do what was asked."""


class TooFast(PlatformError):
    """The platform asks to wait. retry_after: seconds, as it said."""

    def __init__(self, retry_after: float, message: str = "") -> None:
        super().__init__(message or f"the platform asks to wait {retry_after:g} s")
        self.retry_after = retry_after


class TooLong(PlatformError):
    """The text is larger than one message may be."""


class Gone(PlatformError):
    """The message, or the chat, is no longer there."""


class Refused(PlatformError):
    """The platform will not take this, however often it is tried."""


class Unknown(PlatformError):
    """No answer came from the platform: the call may have been applied."""


class Unreachable(PlatformError):
    """The platform could not be reached: the call was not applied."""


class Moved(PlatformError):
    """The place has a new address: a group became a supergroup, an interaction token ran out."""

    def __init__(self, address: Address, message: str = "") -> None:
        super().__init__(message)
        self.address = address


class ModelError(ChinwagError):
    """The model could not answer. Please try again with /retry."""

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        """retry_after: seconds that the endpoint asks to wait; None when it did not say."""
        super().__init__(message)
        self.retry_after = retry_after


class ModelNotReady(ModelError):
    """The model is still getting ready. Please try again in a moment."""


class ModelUnreachable(ModelError):
    """I could not reach the model. Please try again in a moment with /retry."""


class ModelBusy(ModelError):
    """The model is busy right now. Please try again in a minute with /retry."""

    def __init__(self, message: str = "", *, retry_after: float | None = None, limit: bool = False) -> None:
        """limit: it was the key's rate that was too high, not the endpoint that is overloaded."""
        super().__init__(message, retry_after=retry_after)
        self.limit = limit


class ModelForbidden(ModelError):
    """The model refused my access. Whoever runs this bot has to look at its API key."""


class ModelUnknown(ModelError):
    """The model that I am set up for does not exist. Whoever runs this bot has to correct OPENAI_MODEL."""


class ModelRefused(ModelError):
    """The model will not answer this. Please put it differently."""


class ContextTooLong(ModelError):
    """This is more than the model can read at once. Please send less, or start anew with /new."""

    def __init__(
        self, message: str = "", *, limit: int | None = None, sent: int | None = None, total: int | None = None
    ) -> None:
        """limit, sent: the tokens that the model reads and those of the prompt, where the endpoint says so.

        total: the largest number that it tells; those of the prompt, perhaps with what was asked for the answer.
        """
        super().__init__(message)
        self.limit, self.sent, self.total = limit, sent, total


class ModelCut(ModelError):
    """The answer was cut off. Send /retry to have it again."""


class StoreError(ChinwagError):
    """I cannot save anything just now. If you hear nothing more from me, please send that again in a while."""


class UserError(ChinwagError):
    """That cannot be done."""


def shown(error: BaseException, id: str) -> str:
    """What a user may read of `error`: one sentence that says what to do, never a traceback.

    A ModelError shows its class's docstring, not its message, which may quote the endpoint; a StoreError too, whose
    message names files.
    """
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, ModelBusy) and error.retry_after is not None:
        return f"The model is busy right now. Please try again in {lasting(error.retry_after)} with /retry."
    if isinstance(error, ModelError | StoreError):
        return (type(error).__doc__ or "").strip()
    return f"Something went wrong (id {id}). Please try again; whoever runs this bot finds the id in its log."


def lasting(seconds: float) -> str:
    """A length of time in the largest unit that it has two of: "40 seconds", "5 hours"; never shorter than it is."""
    name, size = next((unit for unit in UNITS if seconds >= 2 * unit[1]), UNITS[-1])
    count = max(math.ceil(seconds / size), 1)
    return f"{count} {name}{'s' if count > 1 else ''}"
