"""Prices: exact to the nano-dollar, by every name that an endpoint gives a model, and edited while the bot runs."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import SetupError
from core.quota.money import dollars, nano
from core.quota.prices import Price, Prices, shipped
from core.types import Usage


@pytest.fixture(autouse=True)
def _looked_at_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.watched.EVERY", 0.0)


def write(folder: Path, text: str) -> None:
    path = folder / "prices.toml"
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, "utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_a_request_costs_what_its_tokens_cost() -> None:
    price = Price(Decimal("0.25"), Decimal("2"), Decimal("0.025"))
    assert price.of(Usage(1_000_000, 0)) == nano(Decimal("0.25"))
    assert price.of(Usage(1_000_000, 1_000_000, cached=400_000)) == nano(Decimal("0.15") + Decimal("0.01") + Decimal(2))
    assert price.of(Usage(3, 0, cached=3)) == 75
    assert price.of(Usage(1, 0, cached=5)) == 25  # an endpoint that says nonsense


def test_half_a_nano_dollar_is_rounded_once_and_not_for_each_token() -> None:
    assert Price(Decimal("0.0375"), Decimal(0), Decimal("0.0375")).of(Usage(1000, 0)) == 37_500
    assert Price(Decimal("0.0375"), Decimal(0), Decimal("0.0375")).of(Usage(1, 0)) == 38


@pytest.mark.parametrize(
    "name", ["gpt-5-mini", "GPT-5-mini", "gpt-5-mini-2025-08-07", "gpt-5-mini-latest", "gpt-5-mini-20250807"]
)
def test_a_model_is_found_also_under_its_name_with_a_date(tmp_path: Path, name: str) -> None:
    assert Prices(tmp_path).of(name) == shipped()["gpt-5-mini"]


@pytest.mark.parametrize("name", ["gpt-5-minimal", "llama3.2:1b", "", "small offline model (Qwen2.5-Coder 0.5B)"])
def test_another_model_has_no_price_and_costs_nothing(tmp_path: Path, name: str) -> None:
    assert Prices(tmp_path).of(name) is None
    assert Prices(tmp_path).cost(name, Usage(1000, 1000)) == 0


def test_the_model_that_is_asked_by_default_has_a_price(tmp_path: Path) -> None:
    from core.model.endpoint import DEFAULT_MODEL

    assert Prices(tmp_path).of(DEFAULT_MODEL) is not None


def test_ones_own_prices_go_first_and_are_read_again_when_they_change(tmp_path: Path) -> None:
    prices = Prices(tmp_path)
    assert prices.cost("mine", Usage(1000, 0)) == 0
    write(tmp_path, '"Mine" = { input = 1, output = 2 }\n"gpt-5-mini" = { input = 9.5, output = 9 }')
    assert prices.cost("mine", Usage(1000, 0)) == 1_000_000
    assert prices.cost("mine", Usage(1000, 0, cached=1000)) == 1_000_000  # no price of its own for what was cached
    assert prices.of("gpt-5-mini-2025-08-07") == Price(Decimal("9.5"), Decimal(9), Decimal("9.5"))
    write(tmp_path, '"mine" = { input = 3, output = 2 }')
    assert prices.cost("mine", Usage(1000, 0)) == 3_000_000
    assert prices.of("gpt-5-mini") == shipped()["gpt-5-mini"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('"mine" = 3', "'mine' needs its prices, like"),
        ('"mine" = { input = 3 }', "'mine' needs its prices"),
        ('"mine" = { input = 3, output = "x" }', "'mine', output must be an amount in dollars"),
        ('"mine" = { input = -3, output = 1 }', "'mine', input must be an amount"),
        ('"mine" = { input = nan, output = 1 }', "'mine', input must be an amount"),
        ('"mine" = { in = 3, output = 1 }', "'mine' needs its prices"),
        ('"mine" = {', "prices.toml"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(tmp_path: Path, text: str, named: str) -> None:
    write(tmp_path, text)
    with pytest.raises(SetupError) as error:
        Prices(tmp_path)
    assert named in str(error.value)
    assert "prices.toml" in str(error.value)


def test_a_file_that_is_broken_while_the_bot_runs_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, '"mine" = { input = 1, output = 2 }')
    prices = Prices(tmp_path)
    write(tmp_path, '"mine" = {')
    assert prices.cost("mine", Usage(1000, 0)) == 1_000_000
    (tmp_path / "prices.toml").unlink()
    os.utime(tmp_path, ns=(1, 1))
    assert prices.cost("mine", Usage(1000, 0)) == 0


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "$0"),
        (1, "$0.0000000010"),
        (3_100_000, "$0.0031"),
        (999_999, "$0.00100"),
        (120_000_000, "$0.12"),
        (500_000_000, "$0.50"),
        (12_345_678_900, "$12.35"),
        (1_234_000_000_000, "$1,234.00"),
    ],
)
def test_money_is_shown_with_the_digits_that_say_something(amount: int, shown: str) -> None:
    assert dollars(amount) == shown
