"""How one request is shaped to what its asker wants and what its model takes. Every endpoint has one `Fit`.

Reasoning models refuse a temperature, and some endpoints know only the older name of the limit: what was refused once
is not sent again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any

from core.errors import ModelError, ModelRefused
from core.model.asking import Asking
from core.model.counting import BYTES, size
from core.observe.log import get_logger
from core.types import Delta

log = get_logger(__name__)

LIMIT, OLD_LIMIT = "max_completion_tokens", "max_tokens"
LEAST = 16  # tokens: OpenAI refuses to be asked for fewer
# An answer that nobody has limited ends here: no model in use writes more, and a small one in a loop never ends itself.
LONGEST = 100_000  # tokens
SLACK = 1.5  # tokens are counted by the byte here; an endpoint that keeps to its limit is never cut by that


class Fit:
    """What a model has refused so far."""

    def __init__(self) -> None:
        self._refused: set[str] = set()

    def shape(self, request: dict[str, Any], asked: Asking, said: str = "") -> None:
        """Put what the asker wants into a request, as far as the model takes it. said: of the answer, before this."""
        if asked.parameters.temperature is not None:
            request["temperature"] = asked.parameters.temperature
        limits = [request.get(LIMIT), ceiling(asked, said)]
        if wanted := [each for each in limits if each is not None]:
            request[LIMIT] = min(wanted)
        if "temperature" in self._refused:
            request.pop("temperature", None)
        if LIMIT in self._refused and LIMIT in request:
            request[OLD_LIMIT] = request.pop(LIMIT)

    def learns(self, problem: ModelError) -> bool:
        """Whether a refusal names something that was sent, so that it is worth asking once more without it."""
        if not isinstance(problem, ModelRefused):
            return False
        told = str(problem)
        new = {name for name in ("temperature", LIMIT) if name in told} - self._refused
        if LIMIT in new and "temperature" in new:  # a list of all that was sent, perhaps
            new.discard(LIMIT)
        self._refused |= new
        if new:
            log.info("the model does not take a parameter, asking without it", parameter=", ".join(new), told=told)
        return bool(new)


def limit(asked: Asking, said: str = "") -> int | None:
    """The tokens that what is still to be said may have; None: any number."""
    length = asked.parameters.length
    return None if length is None else max(length - size(said) // BYTES, LEAST)


def ceiling(asked: Asking, said: str = "") -> int | None:
    """The tokens that an endpoint is asked to end at, for its asker's sake or for want of money; None: not at any."""
    limits = [limit(asked, said), asked.most if asked.firm else None]
    return min((each for each in limits if each is not None), default=None)


async def kept(
    deltas: AsyncGenerator[Delta],
    most: int | None,
    said: str = "",
    *,
    rest: Callable[[], Iterable[Delta]] = tuple,
) -> AsyncGenerator[Delta]:
    """The deltas of an answer, ended as "length" when the endpoint does not keep to `most` tokens.

    rest: what is held of it then.
    Where `most` is None it is ended as "endless" after `LONGEST` tokens, with those of `said` before it.
    """
    finish = "endless" if most is None else "length"
    most = max(LONGEST - size(said) // BYTES, LEAST) if most is None else most
    left = most * BYTES * SLACK
    async with aclosing(deltas):
        async for delta in deltas:
            yield delta
            left -= size(delta.text) + size(delta.thought)
            if left < 0 and not delta.finish:
                log.info("the endpoint does not keep to the limit of an answer, it is ended here", tokens=most)
                for held in rest():
                    yield held
                yield Delta(finish=finish)
                return
