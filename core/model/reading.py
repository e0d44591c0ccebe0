"""Reading one answer from LangChain's stream, with a watch on silence. The endpoint makes one `Reading` per attempt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import ModelCut, ModelRefused
from core.types import Delta, Usage

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for a connection, for the first text, between two pieces, for the usage after the last one."""

    connect: float = 10.0
    first: float = 120.0
    gap: float = 60.0
    tail: float = 5.0

    @property
    def silence(self) -> float:
        """The socket's own limit: a net below the watch, which would have stopped before."""
        return max(self.first, self.gap) + 5.0


class Reading:
    """One attempt at one answer. started: a piece of any kind has come, so the answer cannot be asked for again."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.started = False
        self._text = False
        self._finish = ""
        self._usage: Usage | None = None

    async def deltas(self, chunks: AsyncGenerator[AIMessageChunk]) -> AsyncGenerator[Delta]:
        """The texts as they come, then the finish reason and the usage. Raises ModelCut when it ends without one."""
        try:
            while (chunk := await self._next(chunks)) is not None:
                if text := self._take(chunk):
                    yield Delta(text)
        finally:
            await chunks.aclose()
        yield self._last()

    async def _next(self, chunks: AsyncGenerator[AIMessageChunk]) -> AIMessageChunk | None:
        # The watch stands around the wait only: around a `yield` it would cancel whoever reads us.
        try:
            async with asyncio.timeout(self._limit):
                chunk = await anext(chunks, None)
        except Exception as error:
            if self._finish:  # the answer is whole; what is missing is the usage or the last line
                return None
            if isinstance(error, TimeoutError):
                raise TimeoutError(f"silent for {self._limit:g} s") from None
            raise
        return chunk

    @property
    def _limit(self) -> float:
        if self._finish:
            return self._patience.tail
        return self._patience.gap if self._text else self._patience.first

    def _take(self, chunk: AIMessageChunk) -> str:
        self.started = True
        self._finish = chunk.response_metadata.get("finish_reason") or self._finish
        if used := chunk.usage_metadata:
            self._usage = Usage(used["input_tokens"], used["output_tokens"])
        text = chunk.content if isinstance(chunk.content, str) else chunk.text
        self._text = self._text or bool(text)
        return text

    def _last(self) -> Delta:
        if not self._finish:
            raise ModelCut("the stream ended without a finish reason")
        if self._finish == "content_filter" and not self._text:
            raise ModelRefused("content_filter")
        return Delta(finish=self._finish, usage=self._usage)
