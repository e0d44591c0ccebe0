"""One endpoint behind the queue: a request waits for its turn, keeps to what it may use, and what it used is noted.

`build_model` puts one around every endpoint, under retries and fallbacks, so that each attempt counts for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from core.errors import ModelCut, ModelError
from core.model.asking import Asking, Spent, asking
from core.model.counting import BYTES, prompt_tokens, size, tokens
from core.model.queue import Queue, Slot
from core.model.seam import Model, Status
from core.observe import metrics
from core.observe.trace import begin
from core.types import Delta, Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

ANSWER = 500  # tokens of an ordinary answer, for the tokens a minute that are set aside before it is there


class Metered:
    """A Model that asks another one. each: requests at once that this endpoint takes, 0 for any number."""

    def __init__(self, model: Model, queue: Queue, *, each: int = 0) -> None:
        self.model = model
        self._queue = queue
        self._each = each

    @property
    def context_tokens(self) -> int | None:
        return self.model.context_tokens

    def status(self) -> Status:
        return self.model.status()

    @property
    def _name(self) -> str:
        return self.model.status().name

    async def start(self) -> None:
        await self.model.start()

    async def close(self) -> None:
        await self.model.close()

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        """See `core.model.seam.Model.stream`. Raises what `Asking.more` raises, too: then the answer has to end."""
        asked, prompt = asking(), prompt_tokens(messages) + (tokens(said) if said else 0)
        expected = prompt + min(asked.most or ANSWER, ANSWER)
        async with self._queue.slot(asked.user, self, each=self._each, tokens=expected, place=asked.place) as slot:
            request = Request(asked, prompt)
            try:
                await asked.price_by(self._name)
                async with aclosing(self.model.stream(messages, said)) as deltas:
                    async for delta in deltas:
                        full = request.take(delta)
                        yield delta
                        if full and asked.more is not None:
                            await asked.more(self._name)
                        elif not request.priced:  # only an endpoint that has answered is sure to know its model
                            request.priced = True
                            await asked.price_by(self._name)
            except ModelError as error:
                request.failed(error)
                raise
            finally:
                self._note(request, slot)

    def _note(self, request: Request, slot: Slot) -> None:
        spent = request.end(self._name)
        request.span.end()
        slot.used = spent.usage.prompt + spent.usage.completion if spent else 0
        if spent:
            request.asked.spent.append(spent)


class Request:
    """What one request has used so far."""

    def __init__(self, asked: Asking, prompt: int) -> None:
        self.asked = asked
        self.priced = False
        self.span = begin("model", prompt_tokens_expected=prompt)
        self._clock = asyncio.get_running_loop().time
        self._asked_at = self._clock()
        self._first: float | None = None  # seconds until the first text
        self._prompt = prompt
        self._before = asked.said  # by earlier attempts at the same answer
        self._bytes = 0  # of text
        self._thoughts = 0
        self._usage: Usage | None = None
        self._cut = False
        self._model = ""  # as the endpoint says itself
        self._refused = False

    def take(self, delta: Delta) -> bool:
        """Count a piece. True when the answer has used all that it may, or was ended by the endpoint because it had."""
        if delta.text and not self._bytes:
            self._first = self._clock() - self._asked_at
        if delta.anew:  # it was counted as the other when it came
            self._bytes -= min(self._bytes, size(delta.thought))
            self._thoughts -= min(self._thoughts, size(delta.text))
        self._bytes += size(delta.text)
        self._thoughts += size(delta.thought)
        if delta.finish:
            self._usage, self._model = delta.usage, delta.model
            self._cut = delta.finish == "length"
        asked = self.asked
        if asked.most is None:
            return False
        return self._before + self._answer > asked.most or (asked.firm and self._cut and not self._as_asked)

    @property
    def _as_asked(self) -> bool:
        """Whether it ended at the length that its asker wanted, and not for want of money."""
        length, most = self.asked.parameters.length, self.asked.most
        return length is not None and most is not None and length <= most

    def failed(self, error: ModelError) -> None:
        """An endpoint that refuses before it says anything is paid nothing; one that was cut has read the prompt."""
        self.span.record_exception(error)
        self._refused = not (self._bytes or self._thoughts) and not isinstance(error, ModelCut)

    def end(self, model: str) -> Spent | None:
        """What is to be paid; None when the endpoint did nothing. model: its name, unless the answer told another."""
        model = self._model or model
        if self._usage is not None:
            spent = Spent(model, self._usage)
        elif self._refused:
            return None
        else:
            spent = Spent(model, Usage(self._prompt, self._answer), estimated=True)
        self.asked.said = self._before + spent.usage.completion
        self._count(spent)
        return spent

    def _count(self, spent: Spent) -> None:
        usage = {"prompt": spent.usage.prompt, "completion": spent.usage.completion, "cached": spent.usage.cached}
        if self._first is not None:
            metrics.FIRST_TOKEN.labels(spent.model).observe(self._first)
        for kind, number in usage.items():
            metrics.TOKENS.labels(spent.model, kind).inc(number)
            self.span.set_attribute(f"{kind}_tokens", number)
        self.span.set_attribute("model", spent.model)

    @property
    def _answer(self) -> int:
        return -(-(self._bytes + self._thoughts) // BYTES)
