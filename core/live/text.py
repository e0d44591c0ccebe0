"""Text as every platform takes it and counts it; the bots' renderers begin and end with this."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def units(text: str) -> int:
    """The length in UTF-16 code units, in which Telegram and Discord count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def whole(text: str) -> str:
    """Text that any JSON can carry: no lone surrogates, no NUL; and "\\n" alone ends a line."""
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
