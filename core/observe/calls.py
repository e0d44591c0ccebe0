"""Calls to a platform, counted by what became of them, for /metrics. `core.surface.Counted` does it around each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import PlatformError
from core.observe import metrics


@contextmanager
def counted(platform: str, call: str) -> Iterator[None]:
    outcome = "ok"
    try:
        yield
    except PlatformError as error:
        outcome = type(error).__name__
        raise
    finally:
        metrics.CALLS.labels(platform, call, outcome).inc()
