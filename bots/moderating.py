"""What `doctor` says of MODERATION: whether the word list can be read, or the endpoint checks a text."""

from __future__ import annotations

from bots.finding import Finding
from core.errors import ModelError, SetupError
from core.model import build_moderation, own_keys
from core.observe.alerts import Alerts
from core.safety.words import FILE, word_file
from core.settings import Settings


async def moderating(settings: Settings) -> Finding:
    if settings.moderation == "words":
        return _words(settings)
    if settings.moderation == "openai":
        return await _endpoint(settings)
    idle = f"; {FILE} is there, but counts only with MODERATION=words" if (settings.data_dir / FILE).exists() else ""
    return Finding("moderate", f"off{idle}")


def _words(settings: Settings) -> Finding:
    try:
        count = len(word_file(settings.data_dir)())
    except SetupError as error:
        return Finding("moderate", str(error), f"write {settings.data_dir / FILE}, or set MODERATION=off")
    if not count:
        return Finding("moderate", f"{FILE} has no words in it", f"write one word or phrase a line into {FILE}")
    return Finding("moderate", f"{count:,} words and phrases in {FILE}")


async def _endpoint(settings: Settings) -> Finding:
    alerts = Alerts()
    alerts.listen(lambda text: None)  # what is wrong with a key is said here
    asked = build_moderation(settings, own_keys(settings, alerts))
    if asked is None:
        return Finding("moderate", "no endpoint is set", "set OPENAI_API_KEY, or MODERATION=words or off")
    try:
        await asked("Hello")
        return Finding("moderate", "the endpoint answers")
    except ModelError as error:
        cure = "set MODERATION=words or off, or an endpoint that moderates; until then questions are let through"
        return Finding("moderate", f"the endpoint does not check texts ({error})", cure)
    finally:
        await asked.close()
