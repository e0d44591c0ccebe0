"""How much a model reads at once, learned from what it refused, so that the next prompt is cut before it is asked.

Every rung of the router has one `Room`, for as long as the process lives. Tokens are those of `core.model.counting`.
"""

from __future__ import annotations

import re

from core.errors import ContextTooLong

ANSWER = 1024  # tokens of the window that are left for an answer of no known length
SURE = 0.95  # of the room: another text of as many bytes has other tokens
SMALLEST = 256  # tokens: no model reads less, so what is said of less is said for another reason

# Where endpoints say how much they read: OpenAI, vLLM, DeepSeek ("maximum context length is 8192 tokens"), llama.cpp
# (n_ctx, "available context size (4096 tokens)"), Anthropic ("210000 tokens > 200000 maximum"), Gemini ("maximum number
# of tokens allowed (1048576)"), LM Studio ("context length of only 4096 tokens").
_LIMIT = re.compile(
    r"(?:context (?:length|window|size)|number of tokens allowed|n_ctx)\D{0,20}?(\d[\d,]*)|> (\d[\d,]*) maximum",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d[\d,]*")


def numbers(words: str) -> tuple[int | None, int | None]:
    """The tokens that an endpoint reads and those that it was sent, as its refusal tells; None for what it does not."""
    found = _LIMIT.search(words)
    limit = _number(found[1] or found[2]) if found else 0
    if limit < SMALLEST:
        return None, None
    beyond = [number for each in _NUMBER.findall(words) if (number := _number(each)) > limit]
    return limit, max(beyond, default=None)


def _number(digits: str) -> int:
    return int(digits.replace(",", "")[:12])


class Room:
    """most: the tokens of a prompt that the model takes; None until it has refused one."""

    def __init__(self) -> None:
        self.most: int | None = None

    def holds(self, count: int) -> bool:
        """Whether a prompt of so many tokens is worth asking with."""
        return self.most is None or count <= self.most

    def took(self, count: int) -> None:
        """The model has answered a prompt of so many tokens."""
        if not self.holds(count):
            self.most = count

    def refused(self, count: int, problem: ContextTooLong, *, least: int, answer: int | None = None) -> None:
        """It was too much. least: what is taken for its room when the endpoint does not say; the next prompt, perhaps.

        answer: the tokens that the answer may have; endpoints count them in.
        """
        most = 0
        if problem.limit is not None:
            left = problem.limit - min(answer or ANSWER, problem.limit // 2)
            # Its tokens are not ours: what it counted in this prompt says how they compare.
            most = int(left * SURE * (count / problem.sent if problem.sent else 1.0))
        most = most if 0 < most < count else min(least, count - 1)
        self.most = max(most, SMALLEST)
