"""What is asked and what should be answered. A question carries a number, and every sentence of its answer too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.platforms.replies import said

NUMBER = re.compile(r"Q(\d+)\?")


def answer(number: int) -> str:
    """What the model says: from one sentence to several Discord messages."""
    sentences = (1, 4, 12, 30, 60)[number % 5]
    body = " ".join(f"[Q{number}.{at}] The quick brown fox jumps over the lazy dog." for at in range(sentences))
    return f"Answer Q{number}: {body} End of Q{number}."


def reply(messages: Sequence[Mapping[str, Any]]) -> str:
    """The model: answers the newest question, or goes on where an answer that it is sent has ended."""
    number = next(found[-1] for message in reversed(messages) if (found := NUMBER.findall(said(message))))
    whole = answer(int(number))
    begun = said(messages[-1]) if messages[-1]["role"] == "assistant" else ""
    return whole[len(begun) :] if whole.startswith(begun) else whole
