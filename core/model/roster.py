"""Which models may answer, and in which order: OPENAI_MODEL, OPENAI_FALLBACK_MODELS, then DATA_DIR/models.toml.

[[model]]
name = "llama3.1:8b"                        # as the endpoint calls it
base_url = "http://192.168.1.20:11434/v1"   # when missing: OPENAI_BASE_URL
keys = ["sk-..."]                           # when missing: none, or OPENAI_API_KEY at the same base URL
key_from = "GROQ_API_KEY"                   # or the variable, of .env or the environment, that has them
goes_on = "ask"                             # how it finishes an answer that broke off, see README
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from core.model.breaker import Breaker
from core.model.client import Tuning
from core.model.discovery import public
from core.model.endpoint import Endpoint
from core.model.keys import KeyRing, split_keys
from core.model.metered import Metered
from core.model.prefill import NAMED
from core.model.queue import Queue
from core.model.run import Rung
from core.observe.alerts import Alerts
from core.settings import Settings
from core.watched import Watched, toml

FILE = "models.toml"
WAYS = (*NAMED, "ask", "anew")


@dataclass(frozen=True, slots=True)
class Entry:
    """One model that may answer, as its operator wrote it."""

    name: str = ""
    base_url: str = ""
    keys: tuple[str, ...] = ()
    key_from: str = ""
    goes_on: str = ""


def parse(text: str) -> tuple[Entry, ...]:
    """The entries of models.toml. Raises ValueError, which says what is wrong where and quotes no value."""
    tables = toml(text)
    if unknown := tables.keys() - {"model"}:
        raise ValueError(f"it has {_names(unknown)}, but only [[model]] tables are known")
    rows = tables.get("model", [])
    if not isinstance(rows, list):
        raise ValueError("write [[model]] with two brackets, for there may be several")
    return tuple(_entry(number, row) for number, row in enumerate(rows, 1))


def _entry(number: int, row: Any) -> Entry:
    where = f"model {number}"
    known = {field.name for field in fields(Entry)}
    if not isinstance(row, dict) or (unknown := row.keys() - known):
        raise ValueError(f"{where} has {_names(unknown)}; known are {_names(known)}")
    keys = row.get("keys", [])
    if not isinstance(keys, list) or not all(isinstance(key, str) and key for key in keys):
        raise ValueError(f'{where}: keys is a list of texts, like keys = ["sk-..."]')
    texts = {name: value for name, value in row.items() if name != "keys"}
    if wrong := sorted(name for name, value in texts.items() if not isinstance(value, str)):
        raise ValueError(f"{where}: {wrong[0]} is a text in quotation marks")
    entry = Entry(**texts, keys=tuple(keys))
    if not entry.name and not entry.base_url:
        raise ValueError(f'{where} needs a name, like name = "gpt-5-mini"')
    if entry.base_url and "://" not in entry.base_url:
        raise ValueError(f'{where}: base_url is no URL, like base_url = "http://127.0.0.1:11434/v1"')
    if entry.goes_on and entry.goes_on not in WAYS:
        raise ValueError(f"{where}: goes_on is one of {_names(WAYS)}")
    return entry


def _names(names: Any) -> str:
    return ", ".join(sorted(names))


class Variables:
    """The environment and .env as they are now: a key in .env may be changed while Chinwag runs."""

    def __init__(self, env_file: Path | None, alerts: Alerts) -> None:
        nothing: dict[str, str | None] = {}
        self._file: Callable[[], dict[str, str | None]] = lambda: nothing
        if env_file is not None:
            self._file = Watched(env_file, lambda text: dict(dotenv_values(stream=StringIO(text))), alerts=alerts)

    def get(self, name: str) -> str:
        """As the settings read it: what the environment says counts before .env, and an empty value is none."""
        return os.environ.get(name) or self._file().get(name) or ""


def own_ring(settings: Settings, alerts: Alerts) -> KeyRing:
    """The keys in OPENAI_API_KEY, read anew when .env changes."""
    variables = Variables(settings.env_file, alerts)

    def read() -> Sequence[str]:
        now = variables.get("OPENAI_API_KEY") if settings.env_file is not None else ""
        return split_keys(now or settings.openai_api_key.get_secret_value())

    return KeyRing(read, alerts=alerts)


class Roster:
    """The rungs as settings and file are now. A model that stays in the list keeps its connections and its state."""

    def __init__(self, settings: Settings, queue: Queue, *, alerts: Alerts, own: KeyRing | None = None) -> None:
        self._settings, self._queue, self._alerts = settings, queue, alerts
        self._variables = Variables(settings.env_file, alerts)
        self._file = Watched(settings.data_dir / FILE, parse, alerts=alerts)
        self._rungs: dict[Entry | None, Rung] = {}
        self._rings: dict[Entry, KeyRing] = {}
        self._own = own or own_ring(settings, alerts)

    def __call__(self) -> list[Rung]:
        entries: list[Entry | None] = [*dict.fromkeys([*self._configured(), *self._file()])]
        return [self._rung(entry) for entry in entries or [None]]

    def offered(self) -> list[Rung]:
        """Those that people may choose: all, or what MODEL_CHOICES names, also beyond the order."""
        rungs, names = self(), self._settings.model_choices
        if not names or self._settings.embedded:
            return rungs
        beyond = {name: Entry(name, self._settings.openai_base_url) for name in names}
        known = {rung.name: rung for rung in reversed(rungs)}
        return [known.get(name) or self._rung(entry) for name, entry in beyond.items()]

    def _configured(self) -> Sequence[Entry]:
        """The models that the settings name; they share OPENAI_BASE_URL and OPENAI_API_KEY."""
        settings = self._settings
        if settings.embedded:
            return ()
        names = (settings.openai_model, *settings.openai_fallback_models)
        return [Entry(name, settings.openai_base_url) for name in names]

    def _rung(self, entry: Entry | None) -> Rung:
        if entry not in self._rungs:
            self._rungs[entry] = self._offline() if entry is None else self._made(entry)
        return self._rungs[entry]

    def _made(self, entry: Entry) -> Rung:
        base_url = (entry.base_url or self._settings.openai_base_url).rstrip("/")
        model = Endpoint(
            model=entry.name, base_url=base_url, keys=self._ring(entry, base_url), tuning=Tuning(goes_on=entry.goes_on)
        )
        name = entry.name or model.status().name
        label = f"{name} at {public(base_url)}" if base_url else name
        return Rung(Metered(model, self._queue, each=self._settings.requests_per_endpoint), label, Breaker())

    def _offline(self) -> Rung:
        """The embedded model, when nothing else is named anywhere."""
        from core.model.embedded.child import SLOTS
        from core.model.embedded.service import Embedded

        settings = self._settings
        model = Embedded(settings.data_dir / "models", path=settings.local_model_path)
        return Rung(Metered(model, self._queue, each=settings.requests_per_endpoint or SLOTS), "offline", Breaker())

    def _ring(self, entry: Entry, base_url: str) -> KeyRing:
        if entry.keys:
            return KeyRing(lambda: entry.keys, name=f"{FILE}, {entry.name}", alerts=self._alerts)
        if entry.key_from:
            read = self._variables.get
            return KeyRing(lambda: split_keys(read(entry.key_from)), name=entry.key_from, alerts=self._alerts)
        return self._own if base_url == self._settings.openai_base_url else KeyRing(alerts=self._alerts)
