"""When an answer that is still being written is shown anew.

An answer's length is not known in advance. Readers notice delay most at the beginning, and a platform counts
calls over a minute, so the pause between two edits grows with the time since the first text, from the shortest
the platform takes to what the place's budget sustains for ever (shared by all answers that are live there).
"""

from __future__ import annotations

from core.surface import Limits

READABLE = 24  # characters: a few words. Shorter first texts make useless push notifications.
GROWTH = 0.3  # each pause is this part of the time since the first text


def readable(text: str, waited: float, limits: Limits) -> bool:
    """Whether the first text may go out; `waited` is the time since the first token, in seconds."""
    return bool(text.strip()) and (len(text) >= READABLE or waited >= limits.first)


def pause(elapsed: float, limits: Limits, sustained: float) -> float:
    """Seconds between the starts of two edits, `elapsed` seconds after the first text."""
    return max(limits.interval, min(GROWTH * elapsed, sustained))
