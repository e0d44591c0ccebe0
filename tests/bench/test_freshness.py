"""The benchmark's own claims, on a few of its runs: nothing lost, nothing refused, nobody else held up."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from xml.etree import ElementTree

import pytest

from tests.bench import plot
from tests.bench.freshness import (
    CHANNEL,
    GROUP,
    PLACES,
    PRIVATE,
    STRICT,
    Chat,
    Place,
    bound,
    ours,
    refusals,
    row,
    rows,
    stream,
)
from tests.bench.peers import DISCORD, TELEGRAM, fixed
from tests.bench.place import run
from tests.bench.report import Row, table

TRIP = 0.08


def shown(place: Place, make: object, length: float, answers: int = 1) -> Row:
    chat = Chat(place, answers)
    [talks] = run(stream([chat], make, length, TRIP))  # type: ignore[arg-type]
    return row(chat, "", talks, bound(chat, length, TRIP))


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_one_answer_is_whole_within_two_round_trips_and_never_refused(place: Place) -> None:
    for length in place.lengths[:4]:
        one = shown(place, ours(place), length)
        assert one.refused == 0
        assert one.tail is not None
        slowest = 1.6 * TRIP if place.uneven else TRIP
        assert one.tail <= 2 * slowest + 0.02, length  # a call that is in flight at the last token is waited for


def test_three_answers_in_a_group_leave_each_other_the_call_for_the_end() -> None:
    three = shown(GROUP, ours(GROUP), 20.0, answers=3)
    assert (three.refused, three.tail) == (0, pytest.approx(TRIP, abs=0.02))


@pytest.mark.parametrize("place", [PRIVATE, STRICT, GROUP, CHANNEL], ids=lambda place: place.name)
@pytest.mark.parametrize("uneven", [False, True])
def test_several_answers_are_never_refused_however_long_the_ways_take(place: Place, uneven: bool) -> None:
    for answers in place.answers:
        for length in (8.0, 20.0):
            several = shown(replace(place, uneven=uneven), ours(place), length, answers)
            assert several.refused == 0
            assert several.tail is not None


def test_first_texts_of_ten_answers_go_before_edits() -> None:
    first = shown(CHANNEL, ours(CHANNEL), 8.0, answers=10).first
    assert first is not None
    assert first <= 1.0 + 4 * TRIP + 0.1  # two windows of five


def test_a_second_between_edits_freezes_a_group() -> None:
    frozen = shown(GROUP, fixed, 40.0)
    assert frozen.refused > 0
    assert frozen.tail is not None
    assert frozen.tail > 15


@pytest.mark.parametrize("name", [*TELEGRAM])
def test_peers_show_all_of_a_short_answer_when_nothing_is_refused(name: str) -> None:
    free = replace(PRIVATE, enforced=())
    assert shown(free, TELEGRAM[name], 2.0).tail is not None


@pytest.mark.parametrize("name", [*DISCORD])
def test_peers_on_discord_too(name: str) -> None:
    assert shown(CHANNEL, DISCORD[name], 2.0).tail is not None


def test_after_any_refusal_the_whole_text_arrives_once_and_nobody_else_waits() -> None:
    found = {(one.place, one.schedule): one for one in refusals(length=8.0)}
    for wait in (1.0, 30.0, 240.0, 1600.0):
        for when in ("first post", "middle", "end"):
            one = found[f"429 of {wait:g} s", when]
            assert one.tail is not None
            assert (one.refused, one.tail <= wait + 1) == (1, True)
    alone = shown(PRIVATE, ours(PRIVATE), 8.0).mean
    for place, who in (("429 next door", "same bot"), ("429 next door", "other bot"), ("429 to a bot", "other bot")):
        assert (found[place, who].mean, found[place, who].refused) == (pytest.approx(alone), 0)
    assert found["429 to a bot", "same bot"].refused == 1


def test_rows_are_a_table_and_json() -> None:
    found = rows([replace(GROUP, answers=(1,), lengths=(2.0,))])
    assert len(table(found).splitlines()) == 1 + len({one.schedule for one in found}) == 3 + len(TELEGRAM)
    assert json.loads(json.dumps([asdict(one) for one in found]))[0]["schedule"] == "clairvoyant"


def test_the_plot_has_every_line() -> None:
    drawn = plot.charts()
    picture = ElementTree.fromstring(plot.svg(drawn))
    assert len(drawn) == 6
    texts = [text.text or "" for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    for name in ("Chinwag", "every second"):
        assert len([text for text in texts if text.startswith(name)]) == 6, name


def test_uneven_ways_are_the_same_in_every_run() -> None:
    uneven = replace(GROUP, uneven=True)
    assert shown(uneven, partial(fixed, 2.0), 8.0) == shown(uneven, partial(fixed, 2.0), 8.0)
