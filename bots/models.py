"""What `doctor` says of the models: each one that may answer, whether it is there, takes the keys and has the model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import aiohttp
from yarl import URL

from bots.finding import Finding
from core.errors import SetupError
from core.model import build_model
from core.model.discovery import can_chat, ids, most_likely, public
from core.model.endpoint import DEFAULT_MODEL, OPENAI
from core.model.keys import NO_KEY
from core.model.queue import Queue
from core.model.roster import FILE, Entry, Roster
from core.observe.alerts import Alerts
from core.settings import Settings

UNREACHABLE = (aiohttp.ClientError, TimeoutError, OSError, UnicodeError)
REFUSALS = (401, 403)
SHOWN = 5  # names of what an endpoint lists
HINT = "(most end in /v1)"


@dataclass(frozen=True, slots=True)
class Target:
    """One model to look at. about: which of them it is; named_in, placed_in: where its name and its URL stand.

    chosen: MODEL_CHOICES says what people may choose.
    """

    about: str
    entry: Entry
    keys: Sequence[str]
    keys_in: str
    named_in: str
    placed_in: str
    chosen: bool = False

    @property
    def base(self) -> str:
        return self.entry.base_url or OPENAI

    @property
    def where(self) -> str:
        return public(self.base)

    @property
    def label(self) -> str:
        return f"{self.entry.name or 'its first model'} at {self.where}"

    def finding(self, text: str, cure: str) -> Finding:
        return Finding(self.about, text, cure, self.entry.name)


@dataclass(frozen=True, slots=True)
class Listing:
    """What GET /models came to. names: () where the endpoint does not list its models."""

    status: int = 0
    page: bool = False
    names: tuple[str, ...] = ()


async def models(settings: Settings, http: aiohttp.ClientSession) -> AsyncIterator[Finding]:
    """A finding for each model, in the order in which they are asked; its `name` is what answers are priced by."""
    try:
        roster = Roster(settings, Queue(), alerts=Alerts())
    except SetupError as error:
        yield Finding("model", str(error), f"correct {FILE} (README, When a model fails, shows one), or delete it")
        return
    targets = [*_targets(settings, roster)]
    if not targets:
        yield _offline(settings)
        return
    told: set[tuple[str, str]] = set()
    seen: dict[tuple[str, str], Listing | None] = {}
    for target in targets:
        for key in target.keys or [NO_KEY]:
            if (target.base, key) not in seen:
                seen[target.base, key] = await _listing(http, target.base, key)
        listings = [seen[target.base, key] for key in target.keys or [NO_KEY]]
        refused = [number for number, listing in enumerate(listings, 1) if listing and listing.status in REFUSALS]
        if 0 < len(refused) < len(listings) and (target.base, target.keys_in) not in told:  # the others still work
            told.add((target.base, target.keys_in))
            yield _refused(target, refused)
        yield _found(target, [each for each in listings if each is None or each.status not in REFUSALS], refused)


def _targets(settings: Settings, roster: Roster) -> list[Target]:
    of_settings = 0 if settings.embedded else 1 + len(settings.openai_fallback_models)
    found = []
    for place, entry in enumerate(roster.entries()):
        ours = place < of_settings
        named = FILE if not ours else "OPENAI_FALLBACK_MODELS" if place else "OPENAI_MODEL"
        found.append(_target("fallback" if place else "model", entry, roster, named, ours))
    found = [replace(target, chosen=bool(settings.model_choices)) for target in found]
    choices = [_target("choice", entry, roster, "MODEL_CHOICES", True) for entry in roster.beyond()]
    return [*found, *choices]


def _target(about: str, entry: Entry, roster: Roster, named_in: str, ours: bool) -> Target:
    keys, keys_in = roster.keys_of(entry)
    entry = roster.placed(entry)
    if not entry.name and not entry.base_url:
        entry = replace(entry, name=DEFAULT_MODEL)
    return Target(about, entry, keys, keys_in, named_in, "OPENAI_BASE_URL" if ours else f"base_url in {FILE}")


async def _listing(http: aiohttp.ClientSession, base: str, key: str) -> Listing | None:
    """None when nobody is there. A user in the URL goes before the key, as in `core.model.transport`."""
    headers = {} if URL(base).user else {"Authorization": f"Bearer {key}"}
    try:
        async with http.get(f"{base}/models", headers=headers) as answer:
            if answer.content_type == "text/html":
                return Listing(answer.status, page=True)
            try:
                return Listing(answer.status, names=tuple(ids(await answer.json(content_type=None))))
            except ValueError:  # no JSON
                return Listing(answer.status)
    except UNREACHABLE:
        return None


def _found(target: Target, listings: Sequence[Listing | None], refused: Sequence[int]) -> Finding:
    """What the endpoint said to the keys that it takes, or to a request without one. refused: the other keys."""
    if target.entry.key_from and not target.keys:
        return target.finding(f"{target.label} has no key: {target.keys_in} is empty", f"set {target.keys_in} in .env")
    if not listings:
        return _refused(target, refused)
    if (first := listings[0]) is None:
        return target.finding(f"{target.where} does not answer", f"start the server, or correct {target.placed_in}")
    if first.status == 429 or first.status >= 500:
        cure = "look at its own status page; meanwhile the next model answers, if there is one"
        return target.finding(f"{target.where} is in trouble (HTTP {first.status})", cure)
    if first.page:
        return target.finding(f"{target.where} is a web page, not an API", f"correct {target.placed_in} {HINT}")
    return _listed(target, first.names)


def _refused(target: Target, refused: Sequence[int]) -> Finding:
    if not target.keys:
        own = target.placed_in == "OPENAI_BASE_URL"
        cure = "set OPENAI_API_KEY" if own else f"give {target.entry.name} keys or key_from in {FILE}"
        return target.finding(f"{target.where} asks for a key, and {target.label} has none", cure)
    many = len(target.keys)
    which = "the key" if many == 1 else f"key {', '.join(map(str, refused))} of {many}"
    return target.finding(f"{target.where} refuses {which} in {target.keys_in}", f"correct {target.keys_in}")


def _listed(target: Target, names: Sequence[str]) -> Finding:
    name = target.entry.name
    if name and names and name not in names:
        cure = f"correct the name in {target.named_in}: it lists {', '.join(names[:SHOWN])}"
        return target.finding(f"{target.where} does not list {name}", cure + (" ..." if len(names) > SHOWN else ""))
    if not name and not names:
        return target.finding(
            f"{target.where} lists no models", f"correct {target.placed_in} {HINT}, or set OPENAI_MODEL"
        )
    name = name or most_likely(names)
    more = _unoffered(replace(target, entry=replace(target.entry, name=name)), names)
    doubt = more if names else "; it does not list its models, so only an answer can show whether it has this one"
    return Finding(target.about, f"{target.where} answers; model {name}{doubt}", name=name)


def _unoffered(target: Target, names: Sequence[str]) -> str:
    """For whoever wonders why /model does not show the other models of their server."""
    others = [name for name in names if name != target.entry.name and can_chat(name)]
    if target.about != "model" or target.chosen or not others:
        return ""
    shown = f"{', '.join(others[:SHOWN])}{' ...' if len(others) > SHOWN else ''}"
    return f"; it lists {shown}, too, which MODEL_CHOICES can offer with /model"


def _offline(settings: Settings) -> Finding:
    name = build_model(settings).status().name
    if settings.local_model_path and not settings.local_model_path.is_file():
        return Finding(
            "model", f"{settings.local_model_path} is no file", "correct LOCAL_MODEL_PATH, or leave it empty"
        )
    return Finding("model", f"{name} (set OPENAI_API_KEY or OPENAI_BASE_URL for a better one)")
