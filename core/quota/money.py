"""Money as whole nano-dollars (a billionth of a dollar): no sum is ever rounded. Prices and limits are Decimals."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

NANO = 1_000_000_000


def nano(dollars: Decimal) -> int:
    """A limit in dollars as nano-dollars."""
    return int((dollars * NANO).to_integral_value(ROUND_HALF_UP))


def dollars(amount: int) -> str:
    """As a person reads it: "$1.25", "$0.0031", "$0"; small amounts with two digits that say something."""
    if not amount:
        return "$0"
    value = Decimal(amount) / NANO
    places = max(2, 1 - value.adjusted())
    shown = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_CEILING):,f}"
    return f"${shown}"
