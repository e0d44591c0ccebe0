"""What fairness is for: one person's flood does not become everybody's wait."""

from __future__ import annotations

from statistics import mean

from tests.bench.fairness import ANSWER, waits


def test_ten_people_wait_for_the_answers_that_run_and_not_for_thirty_that_were_asked_before() -> None:
    before, after = waits(fair=False), waits(fair=True)
    others = [user for user in before if user != "flood"]
    assert min(before[user][0] for user in others) > 5 * ANSWER
    assert max(after[user][0] for user in others) < 3 * ANSWER
    assert mean(after[user][0] for user in others) < mean(before[user][0] for user in others) / 4
    assert len(after["flood"]) == 30
    assert max(after["flood"]) < 10 * ANSWER  # and the flood is answered, too
