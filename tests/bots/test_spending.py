"""What `doctor` says of prices and budgets."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from bots.finding import Finding
from bots.spending import budget
from core.settings import Settings


def found(folder: Path, model: str, **values: Any) -> Finding:
    base = {"data_dir": folder, "openai_base_url": "http://127.0.0.1:9/v1"}
    return budget(Settings(_env_file=None, **(base | values)), model)  # type: ignore[call-arg]


def test_a_model_with_a_price_says_what_it_costs(tmp_path: Path) -> None:
    finding = found(tmp_path, "gpt-5-mini", budget_day=Decimal(1))
    assert finding.text.startswith("gpt-5-mini costs $0.25 to read and $2 to write a million tokens; limits are set")
    assert not finding.cure


def test_a_model_without_a_price_is_a_problem_only_where_something_is_limited(tmp_path: Path) -> None:
    assert "has no price, so it counts as free; no limits are set" in found(tmp_path, "mine").text
    assert not found(tmp_path, "mine").cure
    assert "prices.toml" in found(tmp_path, "mine", budget_user_day=Decimal(1)).cure


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "budgets.toml").write_text("week = 3", "utf-8")
    assert "'week' is not known" in found(tmp_path, "mine").cure


def test_the_offline_model_needs_no_price(tmp_path: Path) -> None:
    finding = found(tmp_path, "", openai_base_url="", budget_day=Decimal(1))
    assert (finding.text, finding.cure) == ("limits are set", "")
