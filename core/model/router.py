"""The models that may answer, in order: the first that works does. Retries, continuations and fallbacks are made here.

`build_model` makes one of whatever the settings and models.toml name. LangChain's with_retry and with_fallbacks do
nothing for a stream that has begun.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.errors import (
    ContextTooLong,
    ModelBusy,
    ModelCut,
    ModelError,
    ModelForbidden,
    ModelNotReady,
    ModelRefused,
    ModelUnknown,
    ModelUnreachable,
)
from core.model.asking import asking
from core.model.counting import BYTES, size
from core.model.fit import ceiling
from core.model.room import Shrink, beside, weight
from core.model.run import Run, Rung
from core.model.seam import Status
from core.model.waiting import Backoff
from core.observe import metrics
from core.observe.alerts import Alerts
from core.observe.log import get_logger
from core.types import QUIET, Delta

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Policy:
    """How long an answer is tried for.

    tries: of one model in a row without a word in between; with another model to fall back on, `hasty`.
    slow: seconds of a try in vain after which another model is taken at once.
    total: seconds from the first failure in which a try may begin; a text that goes on sets it back.
    impatient: a longer wait than this is not waited for when there is another model.
    most: tries of one answer in all.
    """

    tries: int = 5
    hasty: int = 2
    slow: float = 10.0
    total: float = 60.0
    impatient: float = 3.0
    most: int = 12
    backoff: Backoff = field(default_factory=Backoff)


class Router:
    """A Model made of models. rungs: the best first; at least one."""

    def __init__(
        self,
        rungs: Callable[[], Sequence[Rung]],
        *,
        offered: Callable[[], Sequence[Rung]] | None = None,
        alerts: Alerts | None = None,
        shrink: Shrink | None = None,
        policy: Policy | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """rungs: read before every answer, for they may change. shrink: a shorter prompt, None when it has none.

        offered: those that an asker may choose, when they are others; the chosen one goes before all.
        """
        self._rungs = rungs
        self._offered = offered or rungs
        self._alerts = alerts or Alerts()
        self._shrink = shrink or (lambda messages: None)
        self._policy = policy or Policy()
        self._clock, self._sleep = clock, sleep
        self._started: set[Rung] = set()

    @property
    def context_tokens(self) -> int | None:
        return self._rungs()[0].model.context_tokens

    def status(self) -> Status:
        """Of the model that would answer now."""
        rungs = self._rungs()
        ready = (rung.model.status() for rung in rungs if rung.breaker.allows())
        return next((status for status in ready if status.ready), rungs[0].model.status())

    def choices(self) -> list[str]:
        """See `core.model.seam.Offers`."""
        return [*dict.fromkeys([self._rungs()[0].name, *(rung.name for rung in self._offered())])]

    async def start(self) -> None:
        for rung in self._rungs():
            await self._begin(rung)

    async def close(self) -> None:
        for rung in self._started:
            await rung.model.close()

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        """See `Model.stream`. Before the first text a retry is not seen; after it the answer goes on."""
        run = Run([said] if said else [], length=len(said), most=len(said), first=self._chosen())
        while True:
            rung = self._choose(run)
            prompt = run.prompts[rung] = rung.room.cut(run.prompts.get(rung) or messages, run.text, self._shrink)
            problem: ModelError | None = None
            try:
                async with aclosing(self._try(rung, prompt, run)) as deltas:
                    async for delta in deltas:
                        yield delta
                return
            except ModelError as error:
                problem = error
            finally:
                if problem is None or isinstance(problem, ContextTooLong | ModelRefused):
                    rung.breaker.abandoned()
            if isinstance(problem, ContextTooLong) and self._shortened(problem, prompt, rung, run):
                continue
            wait = self._wait(problem, rung, run)
            if wait is None:
                if len(run.longest) > len(run.text):  # what was on screen before it began again
                    yield Delta(run.longest, anew=True)
                raise problem
            if run.thought and not run.said:  # the next try thinks anew
                run.thought = False
                yield Delta(anew=True)
            metrics.RETRIES.labels(type(problem).__name__).inc()
            await self._sleep(wait)

    async def _try(self, rung: Rung, prompt: Sequence[BaseMessage], run: Run) -> AsyncGenerator[Delta]:
        await self._begin(rung)
        run.tries += 1
        run.began, run.began_with = self._clock(), run.text
        rung.breaker.begin()
        asked = asking()
        wanted = asked.parameters
        asked.parameters = replace(wanted, length=run.lengths.get(rung, wanted.length))
        try:
            async with aclosing(rung.model.stream(prompt, run.text)) as deltas:
                async for delta in deltas:
                    run.take(delta)
                    yield self._signed(delta, rung, run) if delta.finish else delta
        finally:
            asked.parameters = wanted
        rung.breaker.works()
        rung.room.took(weight(prompt, run.began_with))
        self._alerts.over(f"model {rung.label}")

    def _shortened(self, problem: ContextTooLong, prompt: Sequence[BaseMessage], rung: Rung, run: Run) -> bool:
        """Remember what was too long, and make it shorter for the next try, or let another model try it whole.

        Where only the answer that was asked for is too long, that is made shorter, once.
        """
        count, answer = weight(prompt, run.began_with), ceiling(asking(), run.began_with)
        if rung not in run.lengths and (left := beside(problem, count, answer)) is not None:
            run.lengths[rung] = left + size(run.began_with) // BYTES
            log.info("there is less room for an answer than was asked for", model=rung.label, tokens=left)
            return True
        shorter = self._shrink(prompt)
        least = count if shorter is None else weight(shorter, run.text)
        rung.room.refused(count, problem, least=least, answer=answer)
        log.info("the prompt was too long", model=rung.label, messages=len(prompt), reads=rung.room.most)
        if shorter is not None:
            run.prompts[rung] = shorter
            rung.room.remember(shorter)
            return True
        run.skipped.add(rung)
        run.too_long.add(rung)
        return any(other not in run.skipped and other.breaker.allows() for other in self._order(run))

    def _chosen(self) -> Rung | None:
        """The one that the asker wants; None for the best."""
        name = asking().parameters.model
        return next((rung for rung in self._offered() if rung.name == name), None) if name else None

    def _order(self, run: Run) -> list[Rung]:
        rungs = [*self._rungs()]
        return rungs if run.first is None else [run.first, *(rung for rung in rungs if rung is not run.first)]

    def _signed(self, delta: Delta, rung: Rung, run: Run) -> Delta:
        """The last delta, with who answered and, when it was not the best, why."""
        best = self._order(run)[0]
        if rung is not best:
            metrics.FALLBACKS.labels(rung.name).inc()
        why = f"it is too long for {best.name}" if best in run.too_long else f"{best.name} is not available right now"
        note = "" if rung is best else f"{QUIET} {rung.name} has answered this: {why}."
        return replace(delta, model=delta.model or rung.name, note=delta.note or note)

    async def _begin(self, rung: Rung) -> None:
        if rung not in self._started:
            self._started.add(rung)
            await rung.model.start()

    def _choose(self, run: Run) -> Rung:
        """The best that this answer has not given up on; one that keeps failing only when there is no other."""
        left = self._left(run)
        return next((rung for rung in left if rung.breaker.allows()), left[0])

    def _left(self, run: Run) -> list[Rung]:
        rungs = self._order(run)
        return [rung for rung in rungs if rung not in run.skipped] or [rungs[0]]

    def _wait(self, problem: ModelError, rung: Rung, run: Run) -> float | None:
        """Seconds until the next try, perhaps of another model; None when this is the end."""
        if isinstance(problem, ContextTooLong | ModelRefused):
            return None
        hopeless = isinstance(problem, ModelForbidden | ModelUnknown | ModelNotReady)
        self._count(problem, rung, hopeless)
        run.failures[rung] = run.failures.get(rung, 0) + 1
        another = any(
            other not in run.skipped and other is not rung and other.breaker.allows() for other in self._order(run)
        )
        wait = 0.0 if hopeless else self._pause(problem, run.failures[rung])
        log.warning("the model failed", model=rung.label, error=repr(problem), tries=run.tries, wait=round(wait, 1))
        if another and run.tries < self._policy.most:
            if not (hopeless or self._enough(run, rung, wait)):
                return wait
            run.skipped.add(rung)
            return 0.0
        return None if hopeless or self._is_over(run, rung, wait) else wait

    def _enough(self, run: Run, rung: Rung, wait: float) -> bool:
        """Whether somebody else may try: it has failed twice, was slow at it, or asks for a long wait."""
        policy = self._policy
        slow = self._clock() - run.began > policy.slow
        return run.failures[rung] >= policy.hasty or wait > policy.impatient or slow

    def _pause(self, problem: ModelError, failures: int) -> float:
        pause = self._policy.backoff.pause(failures)
        return pause if problem.retry_after is None else problem.retry_after + pause / 4

    def _is_over(self, run: Run, rung: Rung, wait: float) -> bool:
        now = self._clock()
        run.until = now + self._policy.total if run.until is None else run.until
        return run.failures[rung] >= self._policy.tries or run.tries >= self._policy.most or now + wait > run.until

    def _count(self, problem: ModelError, rung: Rung, hopeless: bool) -> None:
        """Tell the breaker and, when the model is skipped from now on, the admins."""
        if isinstance(problem, ModelNotReady) or (isinstance(problem, ModelBusy) and problem.limit):
            return  # it is getting ready, or works but for this key's rate
        opened = rung.breaker.failed(surely=hopeless)
        if opened and not isinstance(problem, ModelForbidden):  # of keys, the key ring tells
            kind = {ModelCut: "breaks off", ModelUnreachable: "cannot be reached"}.get(type(problem), "fails")
            self._alerts.tell(f"model {rung.label}", f"The model {rung.label} {kind}: {problem}")
