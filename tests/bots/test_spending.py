"""What `doctor` says of prices and budgets."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from bots.finding import Finding
from bots.spending import spending
from core.settings import Settings


def findings(folder: Path, *models: str, **values: Any) -> list[Finding]:
    base = {"data_dir": folder, "openai_base_url": "http://127.0.0.1:9/v1"}
    return [*spending(Settings(_env_file=None, **(base | values)), models)]  # type: ignore[call-arg]


def found(folder: Path, *models: str, **values: Any) -> Finding:
    (finding,) = findings(folder, *models, **values)
    return finding


def test_a_model_with_a_price_says_what_it_costs(tmp_path: Path) -> None:
    finding = found(tmp_path, "gpt-5-mini", budget_day=Decimal(1))
    assert finding.text == "gpt-5-mini costs $0.25 in, $2 out for a million tokens; limits are set"
    assert not finding.cure


def test_models_without_a_price_are_a_problem_only_where_something_is_limited(tmp_path: Path) -> None:
    assert "mine has no price, so it counts as free; no limits are set" in found(tmp_path, "mine").text
    assert not found(tmp_path, "mine").cure
    finding = found(tmp_path, "gpt-5-mini", "mine", "theirs", budget_user_day=Decimal(1))
    assert finding.text == "mine, theirs have no price, so they count as free; limits are set"
    assert finding.cure.startswith(f"write their prices into {tmp_path}/prices.toml")


def test_files_that_cannot_be_used_are_both_named_with_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "budgets.toml").write_text("week = 3", "utf-8")
    (tmp_path / "prices.toml").write_text("mine = { input = 3 }", "utf-8")
    prices, budgets = findings(tmp_path, "mine")
    assert "prices.toml cannot be used: 'mine' needs its prices, like" in prices.text
    assert "budgets.toml cannot be used: 'week' is not known" in budgets.text
    assert prices.cure.startswith("correct prices.toml")
    assert budgets.cure.startswith("correct budgets.toml")


def test_the_offline_model_needs_no_price(tmp_path: Path) -> None:
    finding = found(tmp_path, openai_base_url="", budget_day=Decimal(1))
    assert (finding.text, finding.cure) == ("limits are set", "")
