"""The numbers: in Prometheus' form, without anybody's name, and the dashboard asks for what exists."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.observe import metrics

DASHBOARD = json.loads(files("core.observe").joinpath("grafana.json").read_text("utf-8"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]


def families() -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(metrics.text().decode())}


def test_the_text_is_what_prometheus_reads() -> None:
    metrics.FIRST_TOKEN.labels("some-model").observe(0.2)
    metrics.TOKENS.labels("some-model", "prompt").inc(12)
    samples = {sample.name: sample for family in families().values() for sample in family.samples}
    assert samples["chinwag_first_token_seconds_count"].labels == {"model": "some-model"}
    assert samples["chinwag_tokens_total"].value >= 12


def test_no_number_is_about_a_person_or_a_chat() -> None:
    labels = {label for collector in vars(metrics).values() for label in getattr(collector, "_labelnames", ())}
    assert labels == {"model", "state", "kind", "platform", "call", "outcome", "result", "why"}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_the_dashboard_asks_for_numbers_that_exist(panel: dict[str, Any]) -> None:
    names = {name + suffix for name in families() for suffix in ("", "_total", "_bucket", "_count", "_sum")}
    for target in panel["targets"]:
        asked = set(re.findall(r"\b(?:chinwag|process)_\w+", target["expr"]))
        assert asked
        assert asked <= names
        assert target["datasource"]["uid"] == "${datasource}"


def test_the_dashboard_can_be_imported() -> None:
    assert DASHBOARD["schemaVersion"] >= 36
    assert [panel["id"] for panel in PANELS] == list(range(1, len(PANELS) + 1))
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS]
    assert len(set(places)) == len(places)
    assert all(x + panel["gridPos"]["w"] <= 24 for (x, _), panel in zip(places, PANELS, strict=True))
