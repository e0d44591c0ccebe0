"""Answers that were given before: the same prompt in the same chat is answered at once, without asking the model.

`build_model` puts it in front of everything else when ANSWER_CACHE_HOURS is set. LangChain's own cache is not consulted
by a stream (langchain #13119), so its back ends are asked here. They know an answer by a hash of chat and prompt: what
is said in one chat never answers another, and the back end holds no question.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

import orjson

from core.model.asking import asking
from core.model.seam import Model, Status, choices
from core.observe import metrics
from core.types import Delta

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


class Shelf(Protocol):
    """Where answers are kept for a while, by a key. Neither method raises when the back end fails."""

    async def get(self, key: str) -> str | None: ...
    async def put(self, key: str, text: str) -> None: ...
    async def close(self) -> None: ...


class Cached:
    """A Model in front of another one. It keeps complete answers only, and none that begins in the middle.

    identity: what the operator has set the model to. Another one does not give this one's answers.
    """

    def __init__(self, model: Model, shelf: Shelf, *, identity: str) -> None:
        self.model = model
        self._identity = identity
        self._shelf = shelf

    @property
    def context_tokens(self) -> int | None:
        return self.model.context_tokens

    def status(self) -> Status:
        return self.model.status()

    def choices(self) -> Sequence[str]:
        return choices(self.model)

    async def start(self) -> None:
        await self.model.start()

    async def close(self) -> None:
        await self.model.close()
        await self._shelf.close()

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        """See `core.model.seam.Model.stream`. An answer that was given before comes as one piece."""
        key = self._key(messages) if asking().scope and not said else ""
        if key and not asking().anew:
            known = await self._shelf.get(key)
            metrics.CACHE.labels("hit" if known else "miss").inc()
            if known:
                yield Delta(known, finish="stop", model=asking().parameters.model or self.status().name)
                return
        text = ""
        async with aclosing(self.model.stream(messages, said)) as deltas:
            async for delta in deltas:
                text = delta.text if delta.anew else text + delta.text
                yield delta
                if (
                    delta.finish == "stop" and not delta.note and key and text.strip()
                ):  # a note: a lesser model answered
                    await self._shelf.put(key, text)

    def _key(self, messages: Sequence[BaseMessage]) -> str:
        said = [[message.type, message.content] for message in messages]
        wanted = asking().parameters
        how = [wanted.model, wanted.temperature, wanted.length]
        return hashlib.sha256(orjson.dumps([asking().scope, self._identity, how, said])).hexdigest()
