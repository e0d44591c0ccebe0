"""What a token costs, by the name of its model. The shipped table and, over it, DATA_DIR/prices.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from core.observe.alerts import Alerts
from core.quota.money import amount
from core.types import Usage
from core.watched import Watched, toml

FILE = "prices.toml"
PER = 1000  # dollars per million tokens are this many nano-dollars per token
# Endpoints name a model with the day of its release: gpt-5-mini-2025-08-07, claude-haiku-4-5-20251001.
DATED = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens. cached: for those of the prompt that the endpoint had read before."""

    input: Decimal
    output: Decimal
    cached: Decimal

    def of(self, usage: Usage) -> int:
        """What a request costs, in nano-dollars, rounded once."""
        cached = min(usage.cached, usage.prompt)
        exact = (usage.prompt - cached) * self.input + cached * self.cached + usage.completion * self.output
        return int((exact * PER).to_integral_value(ROUND_HALF_UP))

    @property
    def free(self) -> bool:
        return not (self.input or self.output)


class Prices:
    """The price table. folder: DATA_DIR. Raises SetupError when the file there cannot be used."""

    def __init__(self, folder: Path, alerts: Alerts | None = None) -> None:
        self._own = Watched(folder / FILE, lambda text: read(toml(text)), alerts=alerts)

    def of(self, model: str) -> Price | None:
        """The price of a model, also under its name with a date; None when it is in neither table."""
        own, name = self._own(), model.lower()
        for table in (own, shipped()):
            if found := table.get(name) or table.get(DATED.sub("", name)):
                return found
        return None

    def told(self, model: str) -> str:
        """What a model costs, in words; "" when that is not known."""
        price = self.of(model)
        return f"${price.input} in, ${price.output} out for a million tokens" if price else ""

    def cost(self, model: str, usage: Usage) -> int:
        """In nano-dollars; 0 for a model without a price."""
        price = self.of(model)
        return price.of(usage) if price else 0


@cache
def shipped() -> Mapping[str, Price]:
    """The table that comes with Chinwag; the file says from when and where it is."""
    text = files("core").joinpath("data", FILE).read_text("utf-8")
    return read(toml(text))


def read(data: Mapping[str, Any]) -> dict[str, Price]:
    """A table out of a file. Raises ValueError, naming the model."""
    return {name.lower(): _price(name, values) for name, values in data.items()}


def _price(name: str, values: Any) -> Price:
    if not isinstance(values, dict) or not {"input", "output"} <= set(values) <= {"input", "output", "cached"}:
        raise ValueError(f'{name!r} needs its prices, like: "{name}" = {{ input = 0.25, cached = 0.025, output = 2 }}')
    asked = {key: amount(value, f"{name!r}, {key}") for key, value in values.items()}
    return Price(asked["input"], asked["output"], asked.get("cached", asked["input"]))
