"""How much a model reads at once, learned from what it refused, so that the next prompt is cut before it is asked.

Every rung of the router has one `Room`, for as long as the process lives. Tokens are those of `core.model.counting`.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.errors import ContextTooLong
from core.model.counting import BYTES, prompt_tokens, size

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

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
KEPT = 0.5  # of the room, after a cut
REMEMBERED = 1000  # cuts: two numbers each

Shrink = Callable[[Sequence["BaseMessage"]], "list[BaseMessage] | None"]

_NUMBER = re.compile(r"\d[\d,]*")


def numbers(words: str) -> tuple[int | None, int | None]:
    """The tokens that an endpoint reads and those that it was sent, as its refusal tells; None for what it does not."""
    found = _LIMIT.search(words)
    limit = _number(found[1] or found[2]) if found else 0
    if limit < SMALLEST:
        return None, None
    beyond = [number for each in _NUMBER.findall(words) if (number := _number(each)) > limit]
    return limit, max(beyond, default=None)


def weight(prompt: Sequence[BaseMessage], said: str) -> int:
    """The tokens of a prompt and of what was said of its answer before."""
    return prompt_tokens(prompt) + size(said) // BYTES


def _round(prompt: Sequence[BaseMessage], at: int) -> int:
    """A question and its answer, as a number."""
    return hash((str(prompt[at].content), str(prompt[at + 1].content)))


def _number(digits: str) -> int:
    return int(digits.replace(",", "")[:12])


class Room:
    """most: the tokens of a prompt that the model takes; None until it has refused one."""

    def __init__(self) -> None:
        self.most: int | None = None
        self._begins: OrderedDict[int, None] = OrderedDict()  # the rounds that cut prompts began with

    def cut(self, prompt: Sequence[BaseMessage], said: str, shrink: Shrink) -> list[BaseMessage]:
        """The prompt with no more of its history than fits. said: of the answer, already.

        It is cut to half, and the next one of the same conversation at the same place while that fits: endpoints
        reuse what they read before as long as its beginning stays the same (see `core.context.surplus`).
        """
        cut = list(prompt)
        if self.holds(weight(cut, said)):
            return cut
        cut = self._from_a_round(cut, said) or cut
        while not self.holds(weight(cut, said)) and (shorter := shrink(cut)) is not None:
            cut = shorter
        self.remember(cut)
        return cut

    def _from_a_round(self, prompt: list[BaseMessage], said: str) -> list[BaseMessage] | None:
        """The prompt from where it was cut before, or from the first round that leaves half of the room."""
        first = 1 if prompt[0].type == "system" else 0
        half = None
        for at in range(first, len(prompt) - 3):
            if prompt[at].type != "human":
                continue
            count = weight(cut := prompt[:first] + prompt[at:], said)
            if self.holds(count) and _round(prompt, at) in self._begins:
                return cut
            if half is None and self.most is not None and count <= self.most * KEPT:
                half = cut
        return half

    def remember(self, cut: Sequence[BaseMessage]) -> None:
        """A prompt was cut to this."""
        first = 1 if cut[0].type == "system" else 0
        if len(cut) - first > 2:
            self._begins[_round(cut, first)] = None
            if len(self._begins) > REMEMBERED:
                self._begins.popitem(last=False)

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
