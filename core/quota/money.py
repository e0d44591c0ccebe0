"""Money as whole nano-dollars (a billionth of a dollar): no sum is ever rounded. Prices and limits are Decimals."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

NANO = 1_000_000_000


def nano(dollars: Decimal) -> int:
    """A limit in dollars as nano-dollars."""
    return int((dollars * NANO).to_integral_value(ROUND_HALF_UP))


def amount(value: object, name: str) -> Decimal:
    """A sum of money in a file. Raises ValueError, naming it."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        found = Decimal(value)
        if found.is_finite() and 0 <= found < 10**9:
            return found
    raise ValueError(f"{name} must be an amount in dollars, such as 2.50, not {value!r}")


def dollars(amount: int) -> str:
    """As a person reads it: "$1.25", "$0.0031", "$0"; small amounts with two digits that say something."""
    if not amount:
        return "$0"
    value = Decimal(amount) / NANO
    places = max(2, 1 - value.adjusted())
    shown = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_CEILING):,f}"
    return f"${shown}"
