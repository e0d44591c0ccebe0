"""What whoever runs the bot has to know at once, such as a key that is refused. `bots.run` has it posted."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.observe.log import get_logger

log = get_logger(__name__)

AGAIN = 24 * 3600.0  # seconds after which the same trouble is told again
WAITING = 20  # alerts kept until somebody listens


class Alerts:
    """Tells each trouble once, until it is over or a day has passed. What nobody listens to yet is in the log.

    No text may hold a secret: it goes to a chat.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._told: dict[str, float] = {}
        self._waiting: list[str] = []
        self._listener: Callable[[str], object] | None = None

    def tell(self, trouble: str, text: str) -> None:
        """Say `text` unless this trouble was told already. trouble: its name, the same for the same trouble."""
        now = self._now()
        if now - self._told.get(trouble, -AGAIN) < AGAIN:
            return
        self._told[trouble] = now
        if self._listener is not None:
            self._listener(text)
        else:
            log.warning("what admins have to know", about=trouble, text=text)
            self._waiting = [*self._waiting, text][-WAITING:]

    def over(self, trouble: str) -> None:
        """The trouble is over: when it comes again it is told again."""
        self._told.pop(trouble, None)

    def listen(self, listener: Callable[[str], object]) -> None:
        """Hand every alert to `listener`, also those from before. It must return at once."""
        self._listener = listener
        waiting, self._waiting = self._waiting, []
        for text in waiting:
            listener(text)
