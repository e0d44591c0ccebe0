"""A model behind an OpenAI-compatible HTTP endpoint, read through LangChain's ChatOpenAI.

`build_model` makes one for OPENAI_API_KEY and OPENAI_BASE_URL; the embedded model makes one for its own server.
LangChain takes a second to import, so that is done in a thread, by `start`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.errors import ModelError, ModelRefused, ModelUnreachable
from core.model.asking import asking
from core.model.discovery import first_model, public
from core.model.failures import explain
from core.model.reading import Patience, Reading
from core.model.seam import Status
from core.types import Delta

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Timeout
    from langchain_core.messages import BaseMessage

    from core.model.chat import FastChatOpenAI

OPENAI = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5-mini"
NO_KEY = "none"  # endpoints on one's own machine ask for no key, but the SDK sends no request without one
KEEP_ALIVE = 60.0  # seconds; the SDK's 5 would connect anew for nearly every message of a chat
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between two looks at an endpoint that is down


def split_keys(text: str) -> tuple[str, ...]:
    """The keys in OPENAI_API_KEY, which separates them by commas."""
    return tuple(key for part in text.split(",") if (key := part.strip()))


@dataclass(frozen=True, slots=True)
class Tuning:
    """How requests are made. retries: by the SDK, before the stream begins; proxies: whether HTTPS_PROXY counts."""

    temperature: float | None = None
    max_tokens: int | None = None
    headers: Mapping[str, str] | None = None
    retries: int = 0
    proxies: bool = True


class Endpoint:
    """The Model over HTTP. Without a model's name, the first one that the endpoint lists is used."""

    context_tokens: int | None = None

    def __init__(
        self,
        *,
        model: str = "",
        base_url: str = "",
        keys: Sequence[str] = (),
        patience: Patience | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self._base_url = (base_url or OPENAI).rstrip("/")
        self._model = model or ("" if base_url else DEFAULT_MODEL)
        self._keys = tuple(keys)
        self._patience = patience or Patience()
        self._tuning = tuning or Tuning()
        self._note = ""
        self._client: AsyncClient | None = None
        self._chat: FastChatOpenAI | None = None
        self._getting_ready = asyncio.Lock()
        self._starting: asyncio.Task[None] | None = None
        self._counts: bool | None = None  # whether it takes stream_options; None until an answer has shown it

    def status(self) -> Status:
        name = self._model or f"the first model of {public(self._base_url)}"
        if self._chat is not None:
            return Status(name, ready=True)
        return Status(name, ready=False, note=self._note or "The model is being set up.")

    async def start(self) -> None:
        if self._starting is None:
            self._starting = asyncio.create_task(self._keep_trying(), name="model endpoint")

    async def close(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        if self._client is not None:
            await self._client.aclose()

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        if said:
            yield Delta(anew=True)
        chat, usage = await self._ready(), self._counts is not False
        asked = asking()
        most = asked.most if asked.firm else None
        while True:
            reading = Reading(self._patience)
            try:
                async with aclosing(reading.deltas(chat.chunks(list(messages), usage=usage, most=most))) as deltas:
                    async for delta in deltas:
                        yield delta
                self._counts = usage
                return
            except ModelError:
                raise
            except Exception as error:
                problem = explain(error, started=reading.started, secrets=self._keys)
            # Some endpoints answer stream_options with 400, not always naming it: ask once without.
            if not (usage and self._counts is None and isinstance(problem, ModelRefused)):
                raise problem  # not inside `except`: the SDK's exception, kept as its context, may hold the key
            usage = False

    async def _keep_trying(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._ready()
                return
            except ModelError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _ready(self) -> FastChatOpenAI:
        """The client for the model, or a ModelError that says what is missing. Every caller tries anew."""
        async with self._getting_ready:
            if self._client is None:
                self._client = await asyncio.to_thread(self._connect)
            if not self._model:
                await self._discover(self._client)
            if self._chat is None:
                self._chat = self._talk(self._client)
            return self._chat

    async def _discover(self, client: AsyncClient) -> None:
        try:
            self._model = await first_model(client, self._base_url, self._key)
        except ModelError as error:
            self._note = str(error)
            raise

    @property
    def _key(self) -> str:
        return self._keys[0] if self._keys else NO_KEY

    async def _give_key(self) -> str:
        return self._key

    @property
    def _timeout(self) -> Timeout:
        from httpx2 import Timeout

        return Timeout(self._patience.silence, connect=self._patience.connect)

    def _connect(self) -> AsyncClient:
        """An HTTP client. Runs in a thread: the first one in a process waits for LangChain's imports."""
        import openai

        from core.model.transport import Transport

        load_langchain()
        return openai.DefaultAsyncHttpxClient(
            timeout=self._timeout,
            transport=Transport(keep_alive=KEEP_ALIVE, proxies=self._tuning.proxies),
            event_hooks={"response": [_no_page]},
        )

    def _talk(self, client: AsyncClient) -> FastChatOpenAI:
        from core.model.chat import FastChatOpenAI

        return FastChatOpenAI(
            model=self._model,
            base_url=self._base_url,
            api_key=self._give_key,
            http_async_client=client,
            openai_proxy=None,
            http_socket_options=(),  # without it LangChain warns that no proxy would be used
            timeout=self._timeout,
            max_retries=self._tuning.retries,
            stream_chunk_timeout=None,  # `Reading` watches; LangChain's own makes a task per chunk
            use_responses_api=False,
            default_headers=self._tuning.headers,
            temperature=self._tuning.temperature,
            max_completion_tokens=self._tuning.max_tokens,
        )


def load_langchain() -> None:
    """Import all that the first answer needs: over a second of work, so call it in a thread."""
    import core.model.chat  # noqa: F401

    with suppress(ImportError):  # an inner module, which may move; without it the first answer imports it
        import_module("anyio._backends._asyncio")


async def _no_page(response: Any) -> None:
    """A web page instead of an API: the base URL is wrong. The SDK would read it as a stream without a line."""
    if response.status_code == 200 and response.headers.get("content-type", "").startswith("text/html"):
        raise ModelUnreachable("a web page answered, not an API: OPENAI_BASE_URL is wrong (most end in /v1)")
