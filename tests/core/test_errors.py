"""What a user reads of an error."""

from __future__ import annotations

import pytest

from core.errors import ModelBusy, lasting, shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 second"),
        (1, "1 second"),
        (1.2, "2 seconds"),
        (90, "90 seconds"),
        (119.5, "120 seconds"),
        (120, "2 minutes"),
        (3600, "60 minutes"),
        (7200, "2 hours"),
        (86400, "24 hours"),
        (2e5, "3 days"),
    ],
)
def test_a_time_is_told_in_its_largest_unit_and_never_shorter_than_it_is(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_a_busy_model_says_when_to_come_back_if_it_knows() -> None:
    assert "in 3 minutes with /retry" in shown(ModelBusy("429", retry_after=121), "7")
    assert shown(ModelBusy("429"), "7") == ModelBusy.__doc__
