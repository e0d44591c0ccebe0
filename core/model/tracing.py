"""What LangChain's callbacks would have seen of a stream that is read without them, for LangSmith.

`core.model.chat` puts it around each stream when LANGSMITH_TRACING is on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from langchain_core.callbacks import AsyncCallbackManager
from langchain_core.load import dumpd
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI


async def traced(
    llm: ChatOpenAI, messages: list[BaseMessage], chunks: AsyncGenerator[AIMessageChunk]
) -> AsyncGenerator[AIMessageChunk]:
    """The same chunks; LangSmith is told of the prompt, and of the answer or the error."""
    async with aclosing(chunks):
        manager = AsyncCallbackManager.configure()
        (run,) = await manager.on_chat_model_start(dumpd(llm), [messages], name=llm.model_name)
        text, last = "", AIMessageChunk(content="")
        try:
            async for chunk in chunks:
                text, last = text + chunk.text, chunk if chunk.usage_metadata else last
                yield chunk
        except BaseException as error:  # a stop as well: GeneratorExit
            await run.on_llm_error(error, response=_result(text, last))
            raise
        await run.on_llm_end(_result(text, last))


def _result(text: str, last: AIMessageChunk) -> LLMResult:
    return LLMResult(generations=[[ChatGeneration(message=AIMessage(text, usage_metadata=last.usage_metadata))]])
