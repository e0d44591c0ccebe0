"""An answer that goes on where it ended: by the endpoint itself where it can, else by asking the model to go on."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from core.model.seam import Model
from core.types import Delta

GO_ON = (
    "Your answer was cut off there. Go on with it exactly where it ends: repeat nothing of it, say nothing before, and "
    "begin in the middle of the sentence, list or code block that it ended in."
)
GOES_ON = "goes_on"  # in what such a message carries beside its text: it means nothing without the two before it
# It may be half a word. Only where words are written apart: nothing tells half a word of Chinese from a whole one.
LAST_WORD = re.compile(r"(?<=\s)[^\W_]{1,40}\Z")
SENTENCE_ENDED = re.compile(r"[.,;:!?)\]*_`»”]\Z")


async def go_on(model: Model, prompt: Sequence[BaseMessage], said: str) -> AsyncGenerator[Delta]:
    """The stream of an answer of which `said` is there already. Its first Delta is `anew` and brings back what is kept.

    `prompt` ends with the question. Raises what `model.stream` raises.
    """
    async with aclosing(model.stream(prompt, said)) as stream:
        begun = False
        async for delta in stream:
            if not begun and delta.anew:
                break  # it cannot go on by itself, and to begin again would only be cut again
            if not begun:
                begun = True
                yield Delta(said, anew=True)
            yield delta
        else:
            return
    async with aclosing(_asked(model, prompt, LAST_WORD.sub("", said))) as asked:
        async for delta in asked:
            yield delta


async def _asked(model: Model, prompt: Sequence[BaseMessage], kept: str) -> AsyncGenerator[Delta]:
    yield Delta(kept, anew=True)
    glued = False
    ask = HumanMessage(GO_ON, additional_kwargs={GOES_ON: True})
    async with aclosing(model.stream([*prompt, AIMessage(kept), ask])) as stream:
        async for delta in stream:
            if delta.anew:
                glued, delta = False, replace(delta, text=kept + delta.text)
            elif delta.text.strip() and not glued:
                glued, delta = True, replace(delta, text=_glued(kept, delta.text))
            yield delta


def _glued(kept: str, text: str) -> str:
    """The first words that follow: no second space, and one where a sentence had ended."""
    if kept[-1:].isspace():
        return text.lstrip(" ")
    return f" {text}" if SENTENCE_ENDED.search(kept) and text[:1].isalnum() else text
