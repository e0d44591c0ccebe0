"""What goes wrong beside the kills: drawn for each call from the seed and from what the call is about, and counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.platforms import discord, model, telegram
from tests.platforms.discord.routes import Route
from tests.soak.arena import Arena
from tests.soak.questions import NUMBER

IN_A_ROW = 2  # of one call: after three posts in vain Chinwag gives up, as it should
ANSWERED = re.compile(r"\bQ(\d+)\b")

MODEL: dict[str, dict[str, Any]] = {
    "cut": {"how": "cut"},
    "stalled": {"how": "stall"},
    "ended silently": {"how": "end"},
    "malformed": {"how": "malformed"},
    "gone": {"how": "gone"},
    "500": {"status": 500},
    "429": {"status": 429},
}
CALLS: dict[str, dict[str, Any]] = {
    "cut before it is applied": {"cut": "before"},
    "cut after it is applied": {"cut": "after"},
    "500": {"status": 500},
    "502": {"status": 502},
    "slow": {"before": 0.1, "after": 0.2},
}
# What may be posted twice on a platform without a nonce; that is another test.
UNKNOWABLE = "cut after it is applied"


@dataclass
class Ills:
    """share: of the calls that go wrong. counts: how often each of them happened."""

    seed: int
    share: float = 0.2
    counts: Counter[str] = field(default_factory=Counter)
    _seen: Counter[str] = field(default_factory=Counter)
    _row: Counter[str] = field(default_factory=Counter)

    def befall(self, arena: Arena) -> None:
        """From now on it goes wrong there."""
        arena.model.spoil = self._model
        arena.telegram.faults.spoil = self._telegram
        arena.discord.rest.spoil = self._discord

    def _draw(self, key: str, kinds: Sequence[str]) -> tuple[str, Random]:
        """What goes wrong with the next call of that key, "" for nothing."""
        self._seen[key] += 1
        random = Random(f"{self.seed} {key} {self._seen[key]}")
        if self._row[key] >= IN_A_ROW or random.random() >= self.share:
            self._row[key] = 0
            return "", random
        self._row[key] += 1
        kind = random.choice(kinds)
        self.counts[f"{key.partition(' ')[0]}: {kind}"] += 1
        return kind, random

    def _model(self, request: model.Request) -> model.Fault | None:
        asked = [number for message in request.messages for number in NUMBER.findall(str(message["content"]))]
        kind, random = self._draw(f"model Q{asked[-1] if asked else ''}", list(MODEL))
        return model.Fault(**{"after": random.randint(0, 20), **MODEL[kind]}) if kind else None

    def _telegram(self, method: str, params: Mapping[str, Any]) -> telegram.Fault | None:
        kinds = [kind for kind in CALLS if not (method == "sendMessage" and kind == UNKNOWABLE)]
        about = ANSWERED.findall(str(params.get("text")))[:1] or [params.get("chat_id")]
        kind, _ = self._draw(f"telegram {method} {about}", kinds)
        return telegram.Fault(method, **CALLS[kind]) if kind else None

    def _discord(self, route: Route, path: str, json: Any) -> discord.Fault | None:
        about = ANSWERED.findall(str(json))[:1] or [path]
        kind, _ = self._draw(f"discord {route} {about}", list(CALLS))
        return discord.Fault(route, **CALLS[kind]) if kind else None
