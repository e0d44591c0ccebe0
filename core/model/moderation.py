"""OpenAI's moderation endpoint, for MODERATION=openai. `core.safety` asks it for every question."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.errors import ModelBusy, ModelError, ModelForbidden, ModelUnreachable
from core.model.client import connect
from core.model.discovery import public
from core.model.endpoint import OPENAI
from core.model.failures import by_status, line
from core.model.keys import KeyRing
from core.model.reading import Patience
from core.model.waiting import retry_after

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

PATIENCE = 5.0  # seconds: it usually takes a fifth of one, and every question waits for it


class Moderation:
    """Call it with a text: what the endpoint objects to, "" when to nothing. keys: those of the models there."""

    def __init__(self, base_url: str, keys: KeyRing) -> None:
        self._base_url = base_url or OPENAI
        self._keys = keys
        self._client: AsyncClient | None = None
        self._getting_ready = asyncio.Lock()

    async def __call__(self, text: str) -> str:
        """Raises ModelError when it does not tell. A key that is refused or rate limited is not asked with again."""
        tried: set[str] = set()
        key = self._keys.take()
        while True:
            answer = await self._post(text, key)
            if answer.status_code == 200:
                self._keys.works(key)
                return objections(answer)
            problem = _problem(answer, public(self._base_url))
            tried.add(key)
            if isinstance(problem, ModelForbidden):
                self._keys.refused(key, str(problem))
            elif answer.status_code == 429:
                self._keys.limited(key, problem.retry_after)
            else:
                raise problem
            key = self._keys.take(tried)
            if not key:
                raise problem

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, text: str, key: str) -> Response:
        client = await self._ready()
        try:
            async with asyncio.timeout(PATIENCE):
                return await client.post(
                    f"{self._base_url}/moderations", json={"input": text}, headers={"Authorization": f"Bearer {key}"}
                )
        except Exception as error:
            told = line(f"{type(error).__name__}: {error}", self._keys.secrets)
        raise ModelUnreachable(f"{public(self._base_url)}/moderations does not answer ({told})")

    async def _ready(self) -> AsyncClient:
        async with self._getting_ready:
            if self._client is None:
                self._client = await asyncio.to_thread(connect, Patience(), proxies=True)
            return self._client


def objections(answer: Response) -> str:
    """The categories in an answer of the endpoint, separated by commas. Raises ModelUnreachable for another answer."""
    try:
        (result,) = answer.json()["results"]
        categories = [name for name, found in result["categories"].items() if found]
        return ", ".join(sorted(categories)) or "flagged" if result["flagged"] else ""
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelUnreachable("what answers at /moderations is no moderation endpoint") from None


def _problem(answer: Response, where: str) -> ModelError:
    import time

    kind = by_status(answer.status_code, "")
    told = f"{where}/moderations answers HTTP {answer.status_code}"
    if kind is ModelBusy:
        return ModelBusy(told, retry_after=retry_after(answer.headers, time.time()), limit=answer.status_code == 429)
    return kind(told)
