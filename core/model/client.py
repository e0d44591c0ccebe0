"""The HTTP client and the ChatOpenAI of one endpoint. LangChain takes a second to import: `connect` in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.errors import ModelUnreachable
from core.model.keys import NO_KEY
from core.model.reading import Patience

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Timeout

    from core.model.chat import FastChatOpenAI

KEEP_ALIVE = 60.0  # seconds; the SDK's 5 would connect anew for nearly every message of a chat


@dataclass(frozen=True, slots=True)
class Tuning:
    """How requests are made. proxies: whether HTTPS_PROXY counts.

    goes_on: how it is made to finish an answer that broke off: a name of `core.model.prefill.NAMED`, "ask" (to repeat
    the last words and go on), "anew" (it cannot: the answer begins again), or "" to find out.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    headers: Mapping[str, str] | None = None
    proxies: bool = True
    goes_on: str = ""


def connect(patience: Patience, *, proxies: bool) -> AsyncClient:
    """An HTTP client. Call it in a thread: the first one in a process waits for LangChain's imports."""
    import openai

    from core.model.transport import Transport

    load_langchain()
    return openai.DefaultAsyncHttpxClient(
        timeout=_timeout(patience),
        transport=Transport(keep_alive=KEEP_ALIVE, proxies=proxies),
        event_hooks={"response": [_no_page]},
    )


def talk(client: AsyncClient, model: str, base_url: str, patience: Patience, tuning: Tuning) -> FastChatOpenAI:
    from core.model.chat import FastChatOpenAI

    return FastChatOpenAI(
        model=model,
        base_url=base_url,
        api_key=_no_key,
        http_async_client=client,
        openai_proxy=None,
        http_socket_options=(),  # without it LangChain warns that no proxy would be used
        timeout=_timeout(patience),
        max_retries=0,  # the router retries
        stream_chunk_timeout=None,  # `Reading` watches; LangChain's own makes a task per chunk
        use_responses_api=False,
        default_headers=tuning.headers,
        temperature=tuning.temperature,
        max_completion_tokens=tuning.max_tokens,
    )


def load_langchain() -> None:
    """Import all that the first answer needs: over a second of work, so call it in a thread."""
    import core.model.chat  # noqa: F401

    with suppress(ImportError):  # an inner module, which may move; without it the first answer imports it
        import_module("anyio._backends._asyncio")


def _timeout(patience: Patience) -> Timeout:
    from httpx2 import Timeout

    return Timeout(patience.silence, connect=patience.connect)


async def _no_key() -> str:
    """`chunks` sends the key whose turn it is. As this is a coroutine, LangChain makes no second, blocking client."""
    return NO_KEY


async def _no_page(response: Any) -> None:
    """A web page instead of an API: the base URL is wrong. The SDK would read it as a stream without a line."""
    if response.status_code == 200 and response.headers.get("content-type", "").startswith("text/html"):
        raise ModelUnreachable("a web page answered, not an API: OPENAI_BASE_URL is wrong (most end in /v1)")
