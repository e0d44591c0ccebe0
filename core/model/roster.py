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
from dataclasses import dataclass, fields, replace
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
OWN = "OPENAI_API_KEY"
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
    return KeyRing(lambda: _own_keys(settings, variables), name=OWN, alerts=alerts)


def _own_keys(settings: Settings, variables: Variables) -> Sequence[str]:
    now = variables.get(OWN) if settings.env_file is not None else ""
    return split_keys(now or settings.openai_api_key.get_secret_value())


class Roster:
    """The rungs as settings and file are now. A model that stays in the list keeps its connections and its state."""

    def __init__(self, settings: Settings, queue: Queue, *, alerts: Alerts, own: KeyRing | None = None) -> None:
        self._settings, self._queue, self._alerts = settings, queue, alerts
        self._variables = Variables(settings.env_file, alerts)
        self._file = Watched(settings.data_dir / FILE, parse, alerts=alerts)
        self._rungs: dict[Entry | None, Rung] = {}
        self._own = own or own_ring(settings, alerts)

    def __call__(self) -> list[Rung]:
        entries: list[Entry | None] = [*self.entries()]
        return [self._rung(entry) for entry in entries or [None]]

    def offered(self) -> list[Rung]:
        """Those that people may choose: all, or what MODEL_CHOICES names, also beyond the order."""
        rungs, names = self(), self._settings.model_choices
        if not names or self._settings.embedded:
            return rungs
        known = {rung.name: rung for rung in reversed(rungs)}
        beyond = {entry.name: entry for entry in self._choices()}
        return [known.get(name) or self._rung(entry) for name, entry in beyond.items()]

    def entries(self) -> list[Entry]:
        """Those that answer, in order; [] when it is the embedded model."""
        return [*dict.fromkeys([*self._configured(), *self._file()])]

    def beyond(self) -> list[Entry]:
        """Those that answer only when somebody chooses them."""
        known = {entry.name for entry in self.entries()}
        return [] if self._settings.embedded else [entry for entry in self._choices() if entry.name not in known]

    def placed(self, entry: Entry) -> Entry:
        """The entry with the URL that it is asked at, "" for OpenAI's own."""
        return replace(entry, base_url=(entry.base_url or self._settings.openai_base_url).rstrip("/"))

    def keys_of(self, entry: Entry) -> tuple[Sequence[str], str]:
        """The keys of a model as they are now, and where they stand."""
        if entry.keys:
            return entry.keys, f"{FILE}, {entry.name}"
        if entry.key_from:
            return split_keys(self._variables.get(entry.key_from)), entry.key_from
        if self.placed(entry).base_url == self._settings.openai_base_url:
            return _own_keys(self._settings, self._variables), OWN
        return (), ""

    def _choices(self) -> list[Entry]:
        return [Entry(name, self._settings.openai_base_url) for name in self._settings.model_choices]

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
        base_url = self.placed(entry).base_url
        tuning = Tuning(goes_on=entry.goes_on)
        model = Endpoint(model=entry.name, base_url=base_url, keys=self._ring(entry), tuning=tuning)
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

    def _ring(self, entry: Entry) -> KeyRing:
        _, name = self.keys_of(entry)
        return self._own if name == OWN else KeyRing(lambda: self.keys_of(entry)[0], name=name, alerts=self._alerts)
