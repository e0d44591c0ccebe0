"""How often an update may fail, and that the memory for it is bounded."""

from __future__ import annotations

from bots.telegram import tries
from bots.telegram.tries import TRIES, Tries
from core.errors import StoreError


def failures(counts: Tries, id: int, error: Exception, times: int = 1) -> list[bool]:
    return [counts.failed(id, error, again="trying again") for _ in range(times)]


def test_what_the_store_could_not_keep_does_not_count() -> None:
    counts = Tries()
    failures(counts, 5, StoreError("the disk is full"), 3 * TRIES)
    assert failures(counts, 5, RuntimeError("ours"), TRIES + 2) == [False] * TRIES + [True, True]
    counts.taken(5)
    assert failures(counts, 5, RuntimeError("ours")) == [False]


def test_who_has_not_failed_for_the_longest_is_forgotten() -> None:
    counts = Tries()
    failures(counts, 0, RuntimeError("ours"), TRIES)
    for id in range(1, tries.KNOWN):
        failures(counts, id, RuntimeError("ours"))
    failures(counts, 1, RuntimeError("ours"), TRIES - 1)
    failures(counts, tries.KNOWN, RuntimeError("ours"))
    assert len(counts._failures) == tries.KNOWN
    assert failures(counts, 1, RuntimeError("ours")) == [True]
    assert failures(counts, 0, RuntimeError("ours")) == [False]
