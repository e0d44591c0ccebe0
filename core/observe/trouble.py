"""What a user reads of an error, and what the log keeps of it under the same id. `core.chat` explains with it."""

from __future__ import annotations

from core.errors import ModelError, shown
from core.observe import metrics
from core.observe.log import get_logger
from core.types import Lane

log = get_logger(__name__)


def explain(error: Exception, row: int, lane: Lane) -> str:
    """What the user reads of an error; the log has the rest under the same id."""
    sentence = shown(error, f"{row:x}")
    metrics.ERRORS.labels(type(error).__name__).inc()
    if isinstance(error, ModelError):
        log.warning("the model failed", error=repr(error), lane=str(lane))
    elif str(error) != sentence:
        log.error("something went wrong", lane=str(lane), exc_info=error)
    return sentence
