"""Which model an endpoint has, when OPENAI_MODEL does not say. The endpoint asks at start and until it is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import ModelBusy, ModelError, ModelForbidden, ModelUnknown, ModelUnreachable
from core.model.failures import by_status, line

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

PATIENCE = 10.0  # seconds for a list of models

# Ollama lists the newest first, and that may well be one that cannot chat.
_NO_CHAT = re.compile(
    r"embed|rerank|whisper|\btts\b|moderation|dall-e|\bimage\b|transcribe|realtime|\bsora\b|davinci|babbage",
    re.IGNORECASE,
)


def public(url: str) -> str:
    """The URL without a user, a password or a query: fit for a note."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


async def first_model(client: AsyncClient, base_url: str, key: str) -> str:
    """The first model that GET /models lists and that can chat.

    Raises a ModelError whose message is one sentence with the cure, fit for Status.note.
    """
    import httpx2

    where = public(base_url)
    try:
        answer = await client.get(f"{base_url}/models", headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE)
        answer.raise_for_status()
    except httpx2.HTTPStatusError as error:
        raise _refused(where, error.response) from None
    except Exception as error:  # also what the response hook raises, and a URL that is none
        told = line(f"{type(error).__name__}: {error}", (key,))
        raise ModelUnreachable(f"{where} does not answer ({told}): start it, or correct OPENAI_BASE_URL.") from None
    return _choose(ids(_rows(answer)), where)


async def owner(client: AsyncClient, base_url: str, key: str, model: str) -> str:
    """Who owns this model according to GET /models: servers name themselves there. "" when it does not say."""
    try:
        answer = await client.get(f"{base_url}/models", headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE)
        rows = _rows(answer)
    except Exception:  # whatever it is, it is no reason to keep an answer waiting
        return ""
    owners = {row.get("id"): row.get("owned_by") for row in rows}
    found = owners.get(model) or next(iter(owners.values()), "")
    return found if isinstance(found, str) else ""


def _refused(where: str, answer: Response) -> ModelError:
    kind = by_status(answer.status_code, "")
    if kind is ModelForbidden:
        return ModelForbidden(f"{where} refuses the key (HTTP {answer.status_code}): correct OPENAI_API_KEY.")
    if kind is ModelBusy:
        return ModelBusy(f"{where} is overloaded (HTTP {answer.status_code}).")
    return ModelUnknown(
        f"{where} does not list its models (HTTP {answer.status_code}): set OPENAI_MODEL, or correct OPENAI_BASE_URL."
    )


def _rows(answer: Response) -> list[dict[str, Any]]:
    try:
        return rows_of(answer.json())
    except ValueError:
        return []


def rows_of(listed: Any) -> list[dict[str, Any]]:
    """The models in what GET /models gave."""
    rows = listed.get("data") if isinstance(listed, dict) else listed
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def ids(listed: Any) -> list[str]:
    """The names in what GET /models gave."""
    found = [row.get("id") for row in rows_of(listed)]
    return [id for id in found if isinstance(id, str) and id]


def most_likely(ids: Sequence[str]) -> str:
    """The first of these models that can chat."""
    return next(filter(can_chat, ids), ids[0])


def can_chat(id: str) -> bool:
    """Whether a model of this name may well be one to talk to."""
    return not _NO_CHAT.search(id)


def _choose(ids: list[str], where: str) -> str:
    if not ids:
        raise ModelUnknown(f"{where} lists no model: load one there, or set OPENAI_MODEL.")
    return most_likely(ids)
