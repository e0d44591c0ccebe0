"""The checks before a question goes to the model and after an answer came: MAX_INPUT and MODERATION.

`core.chat` asks. What is refused reaches no model and no history.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.errors import ModelError, SetupError, UserError
from core.observe import metrics
from core.observe.alerts import Alerts
from core.observe.log import get_logger
from core.safety.words import word_file
from core.settings import Settings

log = get_logger(__name__)

Flagged = Callable[[str], Awaitable[str]]
"""What is wrong with a text, in a word for the log; "" when nothing is. Raises ModelError when it cannot tell."""

REFUSED = "That goes against the rules of this bot, so I have not passed it on. Please put it differently."
TAKEN_BACK = "The answer went against the rules of this bot, so I have taken it back."


class Valves:
    """Raises SetupError when the word list or the endpoint is missing. flagged: the endpoint, for MODERATION=openai.

    alerts: told when the list is edited into what cannot be used.
    """

    def __init__(self, settings: Settings, flagged: Flagged | None = None, alerts: Alerts | None = None) -> None:
        self._most = settings.max_input
        self._words = word_file(settings.data_dir, alerts) if settings.moderation == "words" else None
        self._answers = settings.moderation_answers
        self._flagged = flagged if settings.moderation == "openai" else None
        if settings.moderation == "openai" and flagged is None:
            raise SetupError("MODERATION=openai needs OPENAI_API_KEY, or an OPENAI_BASE_URL with a moderation endpoint")
        self.asked = self.refused = self.taken_back = self.unchecked = 0

    async def question(self, text: str) -> None:
        """Raises UserError, with a sentence, for a question that is not to be answered."""
        if not text.strip():
            return
        if self._most and len(text) > self._most:
            metrics.REFUSED.labels("too long").inc()
            raise UserError(
                f"Your message has {len(text):,} characters, and I read at most {self._most:,}. "
                "Please shorten it, or send it in parts."
            )
        self.asked += 1
        if why := await self._why(text):
            self.refused += 1
            metrics.REFUSED.labels("moderation").inc()
            log.info("a question was refused by moderation", why=why)
            raise UserError(REFUSED)

    def answer(self, text: str) -> bool:
        """Whether a finished answer may stay."""
        if not (self._answers and self._words and self._words().in_text(text)):
            return True
        self.taken_back += 1
        metrics.REFUSED.labels("answer").inc()
        log.info("an answer was taken back by moderation")
        return False

    def report(self) -> str:
        """For admins: what was refused since the start; "" when moderation is off."""
        if self._words is None and self._flagged is None:
            return ""
        told = f"**Moderation since the start**\n- {self.refused:,} of {self.asked:,} questions refused"
        told += f"\n- {self.taken_back:,} answers taken back" if self._answers else ""
        return told + (f"\n- {self.unchecked:,} questions could not be checked" if self.unchecked else "")

    async def _why(self, text: str) -> str:
        if self._words is not None and self._words().in_text(text):
            return "words"
        if self._flagged is None:
            return ""
        try:
            return await self._flagged(text)
        except ModelError as error:
            self.unchecked += 1
            log.warning("moderation does not answer, the question is let through", error=repr(error))
            return ""
