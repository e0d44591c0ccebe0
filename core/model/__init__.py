"""The model: whoever answers. `build_model` makes a router of the endpoints that are configured, or of the embedded.

Importing this package costs nothing: LangChain and the download code are loaded when they are first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.model.queue import Queue
from core.model.seam import Model, Status, choices

if TYPE_CHECKING:
    from core.model.keys import KeyRing
    from core.model.moderation import Moderation
    from core.model.room import Shrink
    from core.observe.alerts import Alerts
    from core.settings import Settings

__all__ = ["Model", "Status", "build_model", "build_moderation", "choices", "own_keys"]


def own_keys(settings: Settings, alerts: Alerts) -> KeyRing:
    """The keys in OPENAI_API_KEY, as they are now: one ring for all that is asked with them."""
    from core.model.roster import own_ring

    return own_ring(settings, alerts)


def build_moderation(settings: Settings, keys: KeyRing) -> Moderation | None:
    """The endpoint of MODERATION=openai; None when another moderation is set, or there is no endpoint."""
    if settings.moderation != "openai" or settings.embedded:
        return None
    from core.model.moderation import Moderation

    return Moderation(settings.openai_base_url, keys)


def build_model(
    settings: Settings, *, alerts: Alerts | None = None, shrink: Shrink | None = None, keys: KeyRing | None = None
) -> Model:
    """The model these settings ask for, not started yet: a router with a queue behind it, and old answers in front.

    alerts: who is told of keys that are refused and models that fail. shrink: makes a prompt that is too long shorter,
    and returns None when it cannot. keys: those of OPENAI_API_KEY, where others use them, too.
    """
    model = _asked(settings, alerts, shrink, keys)
    seconds = settings.answer_cache_hours * 3600
    if not seconds:
        return model
    from core.model.cache import Cached
    from core.model.shelves import InFile, InRedis

    redis = settings.redis_url.get_secret_value()
    shelf = InRedis(redis, seconds) if redis else InFile(settings.data_dir / "answers.db", seconds)
    identity = f"{settings.openai_base_url} {settings.openai_model} {settings.local_model_path or ''}"
    return Cached(model, shelf, identity=identity)


def _asked(settings: Settings, alerts: Alerts | None, shrink: Shrink | None, keys: KeyRing | None) -> Model:
    from core.model.roster import Roster
    from core.model.router import Router
    from core.observe.alerts import Alerts

    alerts = alerts or Alerts()
    queue = Queue(settings.requests_at_once, per_minute=settings.tokens_per_minute)
    roster = Roster(settings, queue, alerts=alerts, own=keys)
    return Router(roster, offered=roster.offered, alerts=alerts, shrink=shrink)
