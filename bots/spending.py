"""What `doctor` says of prices and budgets: whether limits can hold, for a model without a price counts as free."""

from __future__ import annotations

from bots.finding import Finding
from core.errors import SetupError
from core.quota.limits import Limits
from core.quota.prices import Prices
from core.settings import Settings


def budget(settings: Settings, model: str) -> Finding:
    """model: the name of the one that answers, "" when it is not known."""
    try:
        limits, prices = Limits(settings), Prices(settings.data_dir)
    except SetupError as error:
        return Finding("budget", "a file cannot be used", str(error))
    limited = "limits are set" if limits.any else "no limits are set"
    if settings.embedded or not model:
        return Finding("budget", limited)
    if (price := prices.of(model)) is not None:
        cost = f"{model} costs ${price.input} to read and ${price.output} to write a million tokens"
        return Finding("budget", f"{cost}; {limited}")
    free = f"{model} has no price, so it counts as free; {limited}"
    cure = f"write its price into {settings.data_dir / 'prices.toml'} (README, What it may cost)"
    return Finding("budget", free, cure if limits.any else "")
