"""What `doctor` says of prices and budgets: whether limits can hold, for a model without a price counts as free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bots.finding import Finding
from core.errors import SetupError
from core.quota import limits as budgets
from core.quota import prices as table
from core.quota.limits import Limits
from core.quota.prices import Prices
from core.settings import Settings

SHOWN = "(README, What it may cost, shows one)"


def spending(settings: Settings, models: Sequence[str]) -> Iterator[Finding]:
    """models: the names of those that may answer, the first one first; () when they are not known."""
    limits, prices = None, None
    try:
        prices = Prices(settings.data_dir)
    except SetupError as error:
        yield Finding("prices", str(error), f"correct {table.FILE} {SHOWN}, or delete it")
    try:
        limits = Limits(settings)
    except SetupError as error:
        yield Finding("budget", str(error), f"correct {budgets.FILE} {SHOWN}, or delete it")
    if limits is not None and prices is not None:
        yield _priced(settings, limits, prices, models)


def _priced(settings: Settings, limits: Limits, prices: Prices, models: Sequence[str]) -> Finding:
    limited = "limits are set" if limits.any else "no limits are set"
    if settings.embedded and not models:
        return Finding("budget", limited)
    if free := [model for model in models if prices.of(model) is None]:
        has, count, their = (
            ("has", "it counts", "its price") if len(free) == 1 else ("have", "they count", "their prices")
        )
        told = f"{', '.join(free)} {has} no price, so {count} as free; {limited}"
        cure = f"write {their} into {settings.data_dir / table.FILE} {SHOWN}"
        return Finding("budget", told, cure if limits.any else "")
    costs = [f"{model} costs {prices.told(model)}" for model in models[:1]]
    return Finding("budget", "; ".join([*costs, limited]))
