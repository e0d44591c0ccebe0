"""Reading one answer from LangChain's stream, with a watch on silence. The endpoint makes one `Reading` per attempt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import ModelCut, ModelRefused
from core.model.thoughts import Tags, thought
from core.model.watch import Watch
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

    def __init__(self, patience: Patience, *, thinks: bool = False) -> None:
        """thinks: see `core.model.thoughts.Tags`."""
        self._patience = patience
        self.started = False
        self._text = False
        self._tags = Tags(thinks=thinks)
        self._half = ""  # of an emoji that the endpoint sent in two
        self._finish = ""
        self._usage: Usage | None = None

    async def deltas(self, chunks: AsyncGenerator[AIMessageChunk]) -> AsyncGenerator[Delta]:
        """Texts and thoughts as they come, then why it ended and the usage. Raises ModelCut when it does not say."""
        watch = Watch(self._limit)
        try:
            watch.begin(self._limit)
            async for chunk in chunks:
                watch.pause()  # while whoever reads us is at work
                text = self._take(chunk)
                if chunk.additional_kwargs and (thoughts := thought(chunk.additional_kwargs)):
                    for delta in self._tags.told():
                        yield delta
                    yield Delta(thought=thoughts)
                if text and self._tags.over:
                    yield Delta(text)
                elif text:
                    for delta in self._tags.feed(text):
                        yield delta
                watch.begin(self._limit)
        except (Exception, asyncio.CancelledError) as error:
            self._broken(error, watch)
        finally:
            watch.close()
            await chunks.aclose()
        for delta in self._tags.end(cut=self._finish == "length"):
            yield delta
        if self._half:
            yield Delta("\ufffd")
        yield self._last()

    def rest(self) -> list[Delta]:
        """What is held when nobody reads on."""
        return self._tags.end(cut=True)

    @property
    def thinks(self) -> bool | None:
        """Whether it looks as if thoughts without a beginning came first; None when that did not show."""
        return self._tags.thinks

    def _broken(self, error: BaseException, watch: Watch) -> None:
        """Raise what ended the stream, unless the answer is whole: then only the usage or the last line is missing."""
        try:
            if isinstance(error, asyncio.CancelledError):
                watch.check()
            raise error
        except Exception:
            if not self._finish:
                raise

    @property
    def _limit(self) -> float:
        if self._finish:
            return self._patience.tail
        return self._patience.gap if self._text else self._patience.first

    def _take(self, chunk: AIMessageChunk) -> str:
        self.started = True
        self._finish = chunk.response_metadata.get("finish_reason") or self._finish
        if used := chunk.usage_metadata:
            cached = (used.get("input_token_details") or {}).get("cache_read") or 0
            self._usage = Usage(used["input_tokens"], used["output_tokens"], cached)
        text = chunk.content if isinstance(chunk.content, str) else chunk.text
        self._text = self._text or bool(text)
        return text if text.isascii() and not self._half else self._joined(text)

    def _joined(self, text: str) -> str:
        """`text` with both halves of every surrogate pair: half of one at the end waits for the next piece."""
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _last(self) -> Delta:
        if not self._finish:
            raise ModelCut("the stream ended without a finish reason")
        if self._finish == "content_filter" and not self._text:
            raise ModelRefused("content_filter")
        return Delta(finish=self._finish, usage=self._usage)
