"""The model for work that nobody asked for, such as summaries: only the house pays for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from langchain_core.messages import BaseMessage

from core.errors import ModelError
from core.model import Model, Status
from core.model.asking import ASKING, Asking
from core.quota.quota import Quota
from core.store import Payer
from core.types import Delta


class Unasked:
    """A Model over `model`. name: what the ledger calls the work. It must run in a task of its own."""

    def __init__(self, model: Model, quota: Quota, name: str) -> None:
        self._model = model
        self._quota = quota
        self._payer = Payer("", name)

    @property
    def context_tokens(self) -> int | None:
        return self._model.context_tokens

    def status(self) -> Status:
        return self._model.status()

    async def start(self) -> None:
        await self._model.start()

    async def close(self) -> None:
        """Whoever made the model closes it."""

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        """See `core.model.seam.Model.stream`. Raises ModelError when the house's budget is used up."""
        if not await self._quota.has_left(self._payer):
            raise ModelError("the budget is used up")
        asking = Asking()
        ASKING.set(asking)
        try:
            async with aclosing(self._model.stream(messages, said)) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            await self._quota.note(self._payer, asking.spent)
