"""Takes out of a text what looks like a secret: for errors that quote what an endpoint or a library said."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KEY = re.compile(r"\b(sk|pk|gsk|xai|key)[-_][A-Za-z0-9_*.\-]{6,}|(?<=Bearer )\S+|(?<=://)[^/@\s]+@")
_BOT_TOKEN = re.compile(r"(?:\b|(?<=bot))\d{3,}:[\w-]{10,}")  # Telegram's; in its URLs it follows "bot"


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without these secrets and without anything that looks like a key or a bot's token."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return _BOT_TOKEN.sub("***", _KEY.sub("***", text))
