"""The small offline model as a Model: fetch the weights, run the child, answer through it, start it anew when it dies.

`build_model` makes it when neither a key nor another endpoint is configured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from core.errors import ChinwagError, ModelNotReady
from core.model.client import Tuning, load_langchain
from core.model.embedded.child import LONGEST_ANSWER
from core.model.embedded.fetch import fetch
from core.model.embedded.launch import LaunchFailed, Server, launch
from core.model.embedded.progress import Progress, reason
from core.model.embedded.weights import DEFAULT, Weights
from core.model.endpoint import Endpoint
from core.model.reading import Patience
from core.model.seam import Status
from core.types import Delta

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

BETTER = "For better answers, set OPENAI_API_KEY or OPENAI_BASE_URL (Ollama, LM Studio, ...) in .env."
CURE = "Set LOCAL_MODEL_PATH to a GGUF file, or OPENAI_BASE_URL or OPENAI_API_KEY to use another model."
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0  # seconds between two attempts
FIRST_WISH, LONGEST_WISH = 300.0, 6 * 3600.0  # seconds between two looks for better weights than the fall-back
STEADY = 60.0  # seconds after which a child that dies is started anew at once

# A cold prompt is read at about 90 tokens a second and shares the cores with three other answers, so the first
# token of a long one may take minutes.
PATIENCE = Patience(first=300.0, gap=120.0)

log = structlog.get_logger(__name__)


class Embedded:
    """The Model in a child process.

    context_tokens: a slot holds 4096 tokens, prompt and answer together; and as two cores read about 90 tokens a
    second, a longer prompt would keep people waiting for half a minute and more.
    """

    context_tokens: int | None = 2000

    def __init__(
        self,
        directory: Path,
        *,
        path: Path | None = None,
        choices: Sequence[Weights] = DEFAULT,
        threads: int | None = None,
        launch: Callable[[Path, int | None], Awaitable[Server]] = launch,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """directory: where weights are kept. path: a GGUF to use instead of `choices`."""
        self._directory, self._path, self._choices = directory, path, choices
        self._threads, self._launch, self._clock = threads, launch, clock
        self._label = path.name if path else choices[0].label
        self._progress = Progress()
        self._failed = ""
        self._endpoint: Endpoint | None = None
        self._changed = asyncio.Condition()
        self._running: asyncio.Task[None] | None = None

    def status(self) -> Status:
        name = self._label if self._path else f"small offline model ({self._label})"
        if self._endpoint is not None:
            return Status(name, ready=True, note="" if self._path else BETTER)
        note = self._failed or self._progress.what or "The model is being loaded."
        return Status(name, False, note, self._progress.done, self._progress.total)

    async def start(self) -> None:
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="embedded model")

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        endpoint = await self._ready()
        async with aclosing(endpoint.stream(messages, said)) as deltas:
            async for delta in deltas:
                yield delta

    async def _ready(self) -> Endpoint:
        async with self._changed:
            await self._changed.wait_for(lambda: self._endpoint is not None or self._failed)
            if self._endpoint is None:
                raise ModelNotReady(self._failed)
            return self._endpoint

    async def _run(self) -> None:
        """Keep a child running. What fails is said in the status and tried again, at growing intervals."""
        pause = FIRST_PAUSE
        while True:
            began = self._clock()
            why = await self._attempt()
            if not why and self._clock() - began > STEADY:
                pause = FIRST_PAUSE
            elif not why and pause > FIRST_PAUSE * 2:
                why = f"The small offline model ends again and again. {CURE}"
            await self._become(None, why)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _attempt(self) -> str:
        """Serve until the child ends, or say why that was not possible."""
        try:
            await self._serve()
        except (ChinwagError, OSError) as error:
            log.warning("embedded model failed", why=reason(error))
            return f"The small offline model does not run: {reason(error)}. {CURE}"
        except Exception:  # a fault of ours must not leave every question waiting for ever
            log.exception("embedded model failed")
            return f"The small offline model does not run: the log says why. {CURE}"
        return ""

    async def _serve(self) -> None:
        """From the weights to the end of the child."""
        imports = asyncio.create_task(asyncio.to_thread(load_langchain))
        try:
            path = await self._weights()
            self._progress.what = f"Loading {self._label}."
            server = await self._launch(path, self._threads)
        finally:
            await imports
        try:
            await self._answer_from(server)
        finally:
            await server.stop()

    async def _weights(self) -> Path:
        if self._path is not None:
            if not await asyncio.to_thread(self._path.is_file):
                raise LaunchFailed(f"LOCAL_MODEL_PATH names no file ({self._path.name})")
            return self._path
        weights, path = await fetch(self._choices, self._directory, self._progress)
        self._label = weights.label
        return path

    async def _answer_from(self, server: Server) -> None:
        # llama.cpp closes connections after a streamed answer without saying so: a new one each time, and one retry.
        tuning = Tuning(0.2, LONGEST_ANSWER, {"Connection": "close"}, proxies=False, goes_on="prefill")
        endpoint = Endpoint(
            model="embedded", base_url=f"{server.url}/v1", keys=[server.key], patience=PATIENCE, tuning=tuning
        )
        await endpoint.start()
        wishing = asyncio.create_task(self._improve(), name="better weights")
        try:
            await self._become(endpoint, "")
            code = await server.wait()
            log.warning("embedded model ended", code=code)
        finally:
            wishing.cancel()
            await self._become(None, "")
            await endpoint.close()

    async def _improve(self) -> None:
        """While the fall-back answers, fetch what is better. It is used from the next start of the child."""
        labels = [weights.label for weights in self._choices]
        better = self._choices[: labels.index(self._label)] if self._label in labels else ()
        pause = FIRST_WISH
        while better:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_WISH)
            try:
                weights, _ = await fetch(better, self._directory, Progress())
            except (ChinwagError, OSError):  # said in the log by `fetch`, source by source
                continue
            log.info("better weights are there, to be used from the next start", weights=weights.label)
            return

    async def _become(self, endpoint: Endpoint | None, failed: str) -> None:
        self._progress.clear()
        async with self._changed:
            self._endpoint, self._failed = endpoint, failed
            self._changed.notify_all()
