"""What the loopback model says unless a test tells it otherwise: enough to see whether it was sent the conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Messages = Sequence[Mapping[str, Any]]

INTRODUCED = re.compile(r"my name is (\w+)|我叫(\w+?)(?=[，。,.!！\s]|$)", re.IGNORECASE)
ASKED = re.compile(r"what(?: is|'s) my name|我叫什么", re.IGNORECASE)


def said(message: Mapping[str, Any]) -> str:
    """The text of a message, also when its content is a list of parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def remember(messages: Messages) -> str:
    """The default reply: knows a name only if the message that told it was sent along."""
    users = [said(message) for message in messages if message["role"] == "user"]
    last = users[-1] if users else ""
    if ASKED.search(last):
        names = [name for text in users if not ASKED.search(text) for name in _names(text)]
        return f"Your name is {names[-1]}." if names else "I do not know your name."
    if names := _names(last):
        return f"Nice to meet you, {names[-1]}."
    return f"You said: {last}"


def _names(text: str) -> list[str]:
    return [match[1] or match[2] for match in INTRODUCED.finditer(text)]
