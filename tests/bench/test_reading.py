"""The measure of what a token costs: every stack reads what the load says, and the report judges it."""

from __future__ import annotations

from functools import partial

import pytest

from tests.bench import prose, reading
from tests.bench.__main__ import judged
from tests.bench.reading import Load
from tests.bench.report import Promise, Row, aligned
from tests.bench.stacks import chinwag, raw
from tests.bench.whole import whole


def test_no_two_answers_share_a_paragraph() -> None:
    one, other = (set(prose.text(3000, answer).split("\n\n")) for answer in (1, 2))
    assert not one & other
    assert prose.is_whole(prose.text(3000, 2), 3000)
    assert not prose.is_whole(prose.text(3000, 2), 3001)


@pytest.mark.parametrize("make", [raw, chinwag, partial(whole, name="telegram"), partial(whole, name="discord")])
async def test_every_stack_reads_the_whole_load(make: reading.Make) -> None:
    async with reading.load() as url, make(f"{url}/v1") as stack:
        measured = await reading.measured(url, stack, Load(7, 60, 0.01), streams=3)
    assert measured.token > 0
    assert 1 <= measured.at_once <= 60
    assert (measured.calls >= 3) == (stack.counts is not None)


def test_the_report_says_which_targets_are_met() -> None:
    paced = {"what": "Chinwag whole", "mode": "paced", "ratio": 1.7, "us_per_token": 60.0}
    burst = paced | {"mode": "burst", "us_per_token": 9.0}
    late = Row("group", 1, "Chinwag", 8.0, 0.08, 0.3, 0.5, 1.1, 1.0, 2.0, 9, 0)
    refused = Row("group", 1, "Chinwag", 8.0, 0.08, 0.3, 0.5, 1.1, 1.0, 0.08, 9, 1)
    promise = Promise("group", 0.08, formula=1.3, least=1.4, worst=1.54, at=3.0, usual=1.2, least_usual=1.1)
    found = list(judged({"reading": [paced, burst], "freshness": [late, refused], "promises": [promise]}))
    assert [line[:6].strip() for line in found] == ["MISSED", "met", "MISSED", "MISSED", "met", "mean a"]
    assert "1.10 times" in found[-1]


def test_a_table_is_as_wide_as_its_widest_cells() -> None:
    assert aligned(("what", "n"), [("a long one", 1), ("b", 1000)]).splitlines() == [
        "what           n",
        "a long one     1",
        "b           1000",
    ]
