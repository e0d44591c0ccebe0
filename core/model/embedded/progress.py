"""How far a download is. Sources write it, the embedded model's status shows it."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from core.errors import ChinwagError


class SourceFailed(ChinwagError):
    """A source of weights did not deliver. The message is a clause for a note: "it answered 404"."""


@dataclass(slots=True)
class Progress:
    """Bytes done and to come, 0/0 when nothing is being downloaded; what: the sentence beside the figures."""

    what: str = ""
    done: int = 0
    total: int = 0

    def clear(self) -> None:
        self.what, self.done, self.total = "", 0, 0


def reason(error: Exception) -> str:
    """Why a source failed, as a clause for a note."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
