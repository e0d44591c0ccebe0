"""What an endpoint's headers say about when to come back, and the pauses when they say nothing."""

from __future__ import annotations

import pytest

from core.model.waiting import LONGEST, Backoff, retry_after

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:30 GMT"}, 90),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": str(10**12)}, 0),  # milliseconds, in the past
        ({"retry-after": "99999999"}, LONGEST),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"x-ratelimit-reset": "1800000030000"}, 30),  # OpenRouter
        ({"x-ratelimit-reset": "1800000030"}, 30),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m0s"}, 60),
        ({"x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "1m0s"}, None),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "120ms",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "7.66s",
            },
            7.66,
        ),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h2m3s"}, 3723),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": ""}, None),
    ],
)
def test_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == (None if seconds is None else pytest.approx(seconds))


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(first=1, longest=10, random=lambda: 1.0)
    assert [backoff.pause(failures) for failures in (1, 2, 3, 4, 5, 999)] == [1, 2, 4, 8, 10, 10]


def test_pauses_differ_so_that_many_do_not_come_back_at_once() -> None:
    assert Backoff(first=1, random=lambda: 0.0).pause(1) == 0.5
