"""How much a model reads at once, learned from what it refused, so that the next prompt is cut before it is asked.

Every rung of the router has one `Room`, which all chats share: nothing is learned of it from what one of them asked for
its answer, and what was learned runs out. Tokens are those of `core.model.counting`.
"""

from __future__ import annotations

import re
import time
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
# Where they say how much of that the prompt is, without what was asked for the answer: OpenAI ("4900 in the messages",
# "messages resulted in 9000 tokens"), vLLM ("your request has 40 input tokens", "passed 40 input tokens"), SGLang ("40
# tokens from the input messages"), OpenRouter ("40 of text input"), llama.cpp ("request (5012 tokens)",
# n_prompt_tokens), and the others as above.
_PROMPT = re.compile(
    r"(\d[\d,]*) (?:tokens )?(?:in the messages|in (?:your|the) prompt|from the input|(?:of )?(?:text )?input\b)"
    r"|(?:messages resulted in|n_prompt_tokens\W{1,4}|prompt is too long:|input token count|request|keep the first)"
    r" ?\(?(\d[\d,]*)",
    re.IGNORECASE,
)
LASTS = 3600.0  # seconds: an endpoint may read more by then, or what it said was not said of the prompt
KEPT = 0.5  # after a cut, of what fits: endpoints reuse what they read before as long as its beginning stays the same
REMEMBERED = 1000  # cuts: two numbers each

Shrink = Callable[[Sequence["BaseMessage"]], "list[BaseMessage] | None"]

_NUMBER = re.compile(r"\d[\d,]*")


def numbers(words: str) -> tuple[int | None, int | None, int | None]:
    """What a refusal tells: the tokens that the endpoint reads, those of the prompt, and the largest number beyond.

    None for what it does not tell.
    """
    found = _LIMIT.search(words)
    limit = _number(found[1] or found[2]) if found else 0
    if limit < SMALLEST:
        return None, None, None
    sent = _PROMPT.search(words)
    beyond = [number for each in _NUMBER.findall(words) if (number := _number(each)) > limit]
    return limit, _number(sent[1] or sent[2]) if sent else None, max(beyond, default=None)


def weight(prompt: Sequence[BaseMessage], said: str) -> int:
    """The tokens of a prompt and of what was said of its answer before."""
    return prompt_tokens(prompt) + size(said) // BYTES


def beside(problem: ContextTooLong, count: int, answer: int | None) -> int | None:
    """The tokens that are left for an answer where only that was too much; None when the prompt itself was.

    count: of the prompt. answer: what was asked for, None when nobody did.
    """
    least = ANSWER if answer is None else min(answer, ANSWER)
    if problem.limit is None:
        return ANSWER if answer is not None and answer > ANSWER else None
    sent = _sent(problem, answer)
    if sent is None and answer is None:
        return None
    left = int((problem.limit - (count if sent is None else sent)) * SURE)
    return left if left >= least and (answer is None or left < answer) else None


def _sent(problem: ContextTooLong, answer: int | None) -> int | None:
    """The tokens of the prompt as the endpoint counts them, as far as it tells."""
    if problem.sent is not None or problem.total is None:
        return problem.sent
    sent = problem.total - (answer or 0)
    return sent if sent > 0 else None


def _round(prompt: Sequence[BaseMessage], at: int) -> int:
    """A question and its answer, as a number."""
    return hash((str(prompt[at].content), str(prompt[at + 1].content)))


def _number(digits: str) -> int:
    return int(digits.replace(",", "")[:12])


class Room:
    """How much one model takes, by what it has refused in the last hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._most: int | None = None
        self._until = 0.0
        self._begins: OrderedDict[int, None] = OrderedDict()  # the rounds that cut prompts began with

    @property
    def most(self) -> int | None:
        """The tokens of a prompt that the model takes; None while it has refused none."""
        if self._clock() >= self._until:
            self._most = None
        return self._most

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
            self._most = count

    def refused(self, count: int, problem: ContextTooLong, *, least: int, answer: int | None = None) -> None:
        """It was too much. least: what is taken for its room when the endpoint does not say; the next prompt, perhaps.

        answer: the tokens that the answer may have; endpoints count them in.
        """
        sent, most = _sent(problem, answer), 0
        answer = min(answer or ANSWER, ANSWER)  # what one asker wants beyond is no reason to read less of everybody's
        if problem.limit is not None:
            left = problem.limit - min(answer, problem.limit // 2)
            # Its tokens are not ours: what it counted in this prompt says how they compare.
            most = int(left * SURE * (count / sent if sent else 1.0))
            if most >= count and problem.sent is not None:
                return  # by its own count the prompt fits
        if count <= SMALLEST:
            return
        most = most if 0 < most < count else min(least, count - 1)
        self._most, self._until = max(most, SMALLEST), self._clock() + LASTS
