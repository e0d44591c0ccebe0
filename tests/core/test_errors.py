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
        (100, "2 minutes"),
        (3600, "60 minutes"),
        (5401, "2 hours"),
        (86400, "24 hours"),
    ],
)
def test_a_time_is_never_told_shorter_than_it_is(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_a_busy_model_says_when_to_come_back_if_it_knows() -> None:
    assert "in 2 minutes with /retry" in shown(ModelBusy("429", retry_after=101), "7")
    assert shown(ModelBusy("429"), "7") == ModelBusy.__doc__
