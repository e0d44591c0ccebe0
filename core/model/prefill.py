"""How an endpoint is made to go on with an answer that broke off. The endpoint asks here which way is its own.

Some complete a last message that is the model's own (assistant prefill), each told so in its own words; any other
model is asked to go on, and to begin by repeating the last words, which shows where the two parts meet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

SHORTEST = 24  # characters: to begin anew costs less than to go on from less
ANCHOR, LONGEST_ANCHOR = 32, 240  # characters of the last words that the model is asked to repeat

GO_ON = (
    "[A technical fault cut your answer off. Finish it. First repeat these last words of it exactly as they are, then "
    "go straight on from them, in the same language and format. Do not apologise, comment or start over.]\n\n{words}"
)


_LAST_WORD = re.compile(r"(?<![^\W\u2e80-\uffff])[^\W\u2e80-\uffff]{1,40}\Z")  # not of Chinese, Japanese, Korean


@dataclass(frozen=True, slots=True)
class Prefill:
    """What a request needs besides a last message of the model's own: fields of that message, and of the body."""

    message: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


PLAIN = Prefill()
PREFIX = Prefill(message={"prefix": True})
PARTIAL = Prefill(message={"partial": True})
CONTINUE = Prefill(body={"continue_final_message": True})

# By the base URL. https://docs.mistral.ai/usage/guides/prefix,
# https://api-docs.deepseek.com/guides/chat_prefix_completion (only under /beta),
# https://help.aliyun.com/en/model-studio/partial-mode, https://platform.moonshot.ai/docs (Partial Mode)
_HOSTS: tuple[tuple[re.Pattern[str], Prefill], ...] = (
    (re.compile(r"api\.mistral\.ai/"), PREFIX),
    (re.compile(r"api\.deepseek\.com/beta"), PREFIX),
    (re.compile(r"dashscope[\w-]*\.aliyuncs\.com/"), PARTIAL),
    (re.compile(r"api\.moonshot\.(?:ai|cn)/"), PARTIAL),
)

# By the owner that the server itself names in its list of models. llama.cpp completes a last message of the model's
# own without being told (tools/server, --no-prefill-assistant); vLLM and SGLang want it said.
_OWNERS = {
    "llamacpp": PLAIN,
    "vllm": Prefill(body={"continue_final_message": True, "add_generation_prompt": False}),
    "sglang": CONTINUE,
}

# What an operator may write in models.toml.
NAMED = {"prefill": PLAIN, "prefix": PREFIX, "partial": PARTIAL, "continue_final_message": _OWNERS["vllm"]}


def by_host(base_url: str) -> Prefill | None:
    """What the documentation of this endpoint says, None for hosts that are not known."""
    parts = urlsplit(base_url)
    where = f"{parts.hostname}{parts.path}/"
    return next((prefill for host, prefill in _HOSTS if host.match(where)), None)


def by_owner(owner: str) -> Prefill | None:
    """What the server behind a list of models does, None when it is not known."""
    return _OWNERS.get(owner)


def whole(said: str) -> str:
    """`said` without its last word: half a word is no token of a model's, and what it makes of one is another word.

    Measured with llama.cpp: "three, four, fi" went on with ", six". Text without blanks between words stays as it is.
    """
    word = _LAST_WORD.search(said)
    return said[: word.start()] if word and said[: word.start()].strip() else said


def anchor(said: str) -> str:
    """The last words of `said`, enough of them to occur only once; "" when there is nothing to go on from.

    Also "" when the end of the text repeats itself so much that no seam could be found again.
    """
    text = said.rstrip()
    if len(text) < SHORTEST:
        return ""
    for length in range(ANCHOR, LONGEST_ANCHOR + 1, ANCHOR):
        words = _whole_words(text, length)
        if pattern(words).search(text, 0, len(text) - 1) is None:
            return words
    return ""


def pattern(words: str) -> re.Pattern[str]:
    """Finds the words also where blanks differ: models turn line ends into spaces."""
    return re.compile(r"\s+".join(map(re.escape, words.split())))


def _whole_words(text: str, length: int) -> str:
    """About `length` characters of the end, beginning with a whole word where the text has words."""
    if len(text) <= length:
        return text
    cut = text[-length:]
    _, blank, rest = cut.partition(" ")
    return rest if blank and len(rest) >= length // 2 and not text[-length - 1].isspace() else cut
