"""A model behind an OpenAI-compatible HTTP endpoint, read through LangChain's ChatOpenAI.

`build_model` makes one for OPENAI_API_KEY and OPENAI_BASE_URL; the embedded model makes one for its own server.
LangChain takes a second to import, so that is done in a thread, by `start`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import ModelBusy, ModelError, ModelForbidden, ModelRefused
from core.model import prefill
from core.model.asking import asking
from core.model.client import Tuning, connect, talk
from core.model.discovery import first_model, owner, public
from core.model.failures import explain
from core.model.fit import Fit, kept, limit
from core.model.keys import KeyRing
from core.model.prefill import Prefill
from core.model.reading import Patience, Reading
from core.model.seam import Status
from core.model.thoughts import Habit
from core.model.weld import Unjoined, Weld
from core.observe.log import get_logger
from core.types import Delta

if TYPE_CHECKING:
    from httpx2 import AsyncClient
    from langchain_core.messages import BaseMessage

    from core.model.chat import FastChatOpenAI

log = get_logger(__name__)

OPENAI = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5-mini"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between two looks at an endpoint that is down


class Endpoint:
    """The Model over HTTP. Without a model's name, the first one that the endpoint lists is used."""

    context_tokens: int | None = None

    def __init__(
        self,
        *,
        model: str = "",
        base_url: str = "",
        keys: Sequence[str] | KeyRing = (),
        patience: Patience | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self._base_url = (base_url or OPENAI).rstrip("/")
        self._model = model or ("" if base_url else DEFAULT_MODEL)
        self._keys = keys if isinstance(keys, KeyRing) else KeyRing(lambda: keys)
        self._patience = patience or Patience()
        self._tuning = tuning or Tuning()
        self._note = ""
        self._client: AsyncClient | None = None
        self._chat: FastChatOpenAI | None = None
        self._getting_ready = asyncio.Lock()
        self._starting: asyncio.Task[None] | None = None
        self._fit = Fit()
        self._counts: bool | None = None  # whether it takes stream_options; None until an answer has shown it
        self._habit = Habit()
        self._prefill: Prefill | None = None
        self._prefill_known = False

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
        """One try at an answer; see `Model.stream`. What may be tried again is the router's to decide."""
        if prefill.anchor(said) and self._tuning.goes_on != "anew":
            for way in await self._ways():
                try:
                    async with aclosing(self._going_on(messages, said, way)) as deltas:
                        async for delta in deltas:
                            yield delta
                    return
                except Unjoined as problem:
                    log.info("an answer is begun anew", why=str(problem))
                    break
                except ModelRefused as problem:
                    log.info("the endpoint does not go on in this way", way=repr(way), why=str(problem))
                    self._prefill = None
        async with aclosing(self._ask(messages)) as deltas:
            async for delta in deltas:
                yield replace(delta, anew=True) if said else delta
                said = ""

    async def _ways(self) -> list[Prefill | None]:
        """How it may go on with an answer, the best first; None: it is asked to."""
        if not self._prefill_known:
            self._prefill = await self._find_prefill()
            self._prefill_known = True
        return [self._prefill, None] if self._prefill is not None else [None]

    async def _find_prefill(self) -> Prefill | None:
        if named := self._tuning.goes_on:
            return prefill.NAMED.get(named)
        if (known := prefill.by_host(self._base_url)) or self._base_url == OPENAI:
            return known
        await self._ready()
        assert self._client is not None
        return prefill.by_owner(await owner(self._client, self._base_url, self._keys.take(), self._model))

    async def _going_on(self, messages: Sequence[BaseMessage], said: str, way: Prefill | None) -> AsyncGenerator[Delta]:
        """The rest of an answer of which `said` is the beginning. Raises Unjoined when it does not fit to it."""
        from langchain_core.messages import AIMessage, HumanMessage

        going: list[BaseMessage] = [*messages, AIMessage((said if way is None else prefill.whole(said)).rstrip())]
        if way is None:
            going.append(HumanMessage(prefill.GO_ON.format(words=prefill.anchor(said))))
        weld = Weld(said, prefilled=way is not None)
        async with aclosing(self._ask(going, way, said)) as deltas:
            async for delta in deltas:
                if delta.thought:
                    yield delta
                if delta.text and (joined := weld.feed(delta.text)):
                    yield joined
                if delta.finish:
                    if rest := weld.end():
                        yield rest
                    yield delta

    async def _ask(
        self, messages: Sequence[BaseMessage], way: Prefill | None = None, said: str = ""
    ) -> AsyncGenerator[Delta]:
        """One answer, of which `said` is there already.

        Another key is taken when one is refused or rate limited before anything was said.
        """
        chat = await self._ready()
        tried: set[str] = set()
        key, usage = self._keys.take(), self._counts is not False
        asked = asking()
        while True:
            reading = Reading(self._patience, thinks=self._habit.known and way is None)
            chunks = chat.chunks(
                list(messages),
                usage=usage,
                key=key,
                prefill=way,
                shape=lambda request: self._fit.shape(request, asked, said),
            )
            try:
                answer = kept(reading.deltas(chunks), limit(asked, said), said, rest=reading.rest)
                async with aclosing(answer) as deltas:
                    async for delta in deltas:
                        yield delta
                self._counts = usage
                self._keys.works(key)
                return
            except ModelError:
                raise
            except Exception as error:
                problem = explain(error, started=reading.started, secrets=self._keys.secrets)
            finally:
                if way is None:
                    self._habit.learn(reading.thinks)
            if self._fit.learns(problem):
                continue
            # Some endpoints answer stream_options with 400, not always naming it: ask once without.
            if usage and self._counts is None and isinstance(problem, ModelRefused):
                usage = False
            else:
                key = self._another_key(key, tried, problem, reading.started)

    def _another_key(self, key: str, tried: set[str], problem: ModelError, started: bool) -> str:
        """The key to try next, or raises the problem: none is left, or it is not the key's.

        Not raised inside `except`: the SDK's exception, kept as its context, may hold the key.
        """
        tried.add(key)
        if isinstance(problem, ModelForbidden):
            self._keys.refused(key, str(problem))
        elif isinstance(problem, ModelBusy) and problem.limit:
            self._keys.limited(key, problem.retry_after)
        else:
            raise problem
        another = "" if started else self._keys.take(tried)
        if not another:
            raise problem
        return another

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
                self._client = await asyncio.to_thread(connect, self._patience, proxies=self._tuning.proxies)
            if not self._model:
                await self._discover(self._client)
            if self._chat is None:
                self._chat = talk(self._client, self._model, self._base_url, self._patience, self._tuning)
            return self._chat

    async def _discover(self, client: AsyncClient) -> None:
        try:
            self._model = await first_model(client, self._base_url, self._keys.take())
        except ModelError as error:
            self._note = str(error)
            raise
