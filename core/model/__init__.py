"""The model: whoever answers. `build_model` picks an OpenAI-compatible endpoint or the embedded one.

Importing this package costs nothing: LangChain and the download code are loaded when they are first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.model.metered import Metered
from core.model.queue import Queue
from core.model.seam import Model, Status

if TYPE_CHECKING:
    from core.settings import Settings

__all__ = ["Model", "Status", "build_model"]


def build_model(settings: Settings) -> Model:
    """The model these settings ask for, not started yet: every endpoint behind one queue, and old answers in front."""
    model = _asked(settings)
    seconds = settings.answer_cache_hours * 3600
    if not seconds:
        return model
    from core.model.cache import Cached
    from core.model.shelves import InFile, InRedis

    redis = settings.redis_url.get_secret_value()
    shelf = InRedis(redis, seconds) if redis else InFile(settings.data_dir / "answers.db", seconds)
    identity = f"{settings.openai_base_url} {settings.openai_model} {settings.local_model_path or ''}"
    return Cached(model, shelf, identity=identity)


def _asked(settings: Settings) -> Model:
    queue = Queue(settings.requests_at_once, per_minute=settings.tokens_per_minute)
    if settings.embedded:
        from core.model.embedded.child import SLOTS
        from core.model.embedded.service import Embedded

        embedded = Embedded(settings.data_dir / "models", path=settings.local_model_path)
        return Metered(embedded, queue, each=settings.requests_per_endpoint or SLOTS)
    from core.model.endpoint import Endpoint, split_keys

    keys = split_keys(settings.openai_api_key.get_secret_value())
    endpoint = Endpoint(model=settings.openai_model, base_url=settings.openai_base_url, keys=keys)
    return Metered(endpoint, queue, each=settings.requests_per_endpoint)
