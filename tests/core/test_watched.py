"""Files that are edited while the bot runs: all of them behave alike, whatever happens to them."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import watched
from core.errors import SetupError
from core.model.queue import Queue
from core.model.roster import Roster, Variables
from core.observe.alerts import Alerts
from core.quota.limits import Limits
from core.quota.prices import Prices
from core.safety.words import word_file
from core.settings import Settings
from core.watched import Watched, toml

OLD = 1_000_000_000  # a time long ago, in nanoseconds


class Desk:
    """One file, what its reader makes of it, what admins were told, and the time."""

    def __init__(self, path: Path) -> None:
        self.path, self.time, self.told = path, 5000.0, list[str]()
        self.alerts = Alerts()
        self.alerts.listen(self.told.append)
        self.parsed: list[str] = []

    def write(self, content: str | bytes, at: float = 0.0) -> None:
        """The file was written so many seconds after 1970; by default at another time than before, long ago."""
        data = content.encode() if isinstance(content, str) else content
        self.path.write_bytes(data)
        self.touches = getattr(self, "touches", 0) + 1
        stamp = int(at * 1e9) if at else OLD + self.touches
        os.utime(self.path, ns=(stamp, stamp))

    def gone(self) -> None:
        self.path.unlink()
        os.utime(self.path.parent, ns=(OLD, OLD))

    def watched(self, *, needed: bool = False) -> Watched[str]:
        return Watched(
            self.path,
            self._parse,
            alerts=self.alerts,
            needed=needed,
            clock=lambda: self.time,
            now=lambda: self.time,
        )

    def _parse(self, text: str) -> str:
        self.parsed.append(text)
        if "bad" in text:
            raise ValueError(f"{text!r} is bad.")
        return text.upper()

    def later(self, seconds: float = 2.0) -> None:
        self.time += seconds


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "file.txt")


def test_a_change_is_seen_within_a_second_and_read_once(desk: Desk) -> None:
    desk.write("one")
    file = desk.watched()
    desk.write("two")
    assert file() == "ONE"
    desk.later()
    assert [file(), file()] == ["TWO", "TWO"]
    assert desk.parsed == ["one", "two"]


def test_a_file_that_is_missing_is_an_empty_one_and_may_come_and_go(desk: Desk) -> None:
    file = desk.watched()
    assert file() == ""
    desk.write("one")
    desk.later()
    assert file() == "ONE"
    desk.gone()
    desk.later()
    assert file() == ""
    assert desk.told == []


def test_a_file_that_is_needed_is_missed_at_the_start_and_later_is_told_once(desk: Desk) -> None:
    with pytest.raises(SetupError, match=r"file\.txt cannot be used: no such file or directory"):
        desk.watched(needed=True)
    desk.write("one")
    file = desk.watched(needed=True)
    desk.gone()
    for _ in range(3):
        desk.later()
        assert file() == "ONE"
    assert desk.told == [
        "file.txt cannot be used: no such file or directory. What it said before still counts.",
    ]
    desk.write("two")
    desk.later()
    assert file() == "TWO"


def test_what_is_wrong_keeps_the_old_content_and_is_told_once_for_each_change(desk: Desk) -> None:
    desk.write("one")
    file = desk.watched()
    for text in ("bad", "worse than bad"):
        desk.write(text)
        for _ in range(3):
            desk.later()
            assert file() == "ONE"
    assert [told.partition(" is bad")[0] for told in desk.told] == [
        "file.txt cannot be used: 'bad'",
        "file.txt cannot be used: 'worse than bad'",
    ]
    desk.write("one")  # changed back
    desk.later()
    assert file() == "ONE"
    desk.write("bad")
    desk.later()
    assert file() == "ONE"
    assert len(desk.told) == 3


def test_what_is_wrong_at_the_start_is_no_start(desk: Desk) -> None:
    desk.write("bad")
    with pytest.raises(SetupError, match=r"file\.txt cannot be used: 'bad' is bad"):
        desk.watched()
    desk.write(b"\xff\xfe")
    with pytest.raises(SetupError, match="it is not UTF-8 text"):
        desk.watched()


def test_a_file_that_is_being_written_is_left_alone_until_it_is_whole(desk: Desk) -> None:
    desk.write("one")
    file = desk.watched()
    desk.later()
    desk.write("", at=desk.time - 0.2)  # an editor has just truncated it
    assert file() == "ONE"
    desk.write("ba", at=desk.time)
    desk.later(1.0)
    desk.write("bar", at=desk.time)
    assert file() == "ONE"
    desk.later(1.0)
    assert file() == "BAR"
    assert desk.parsed == ["one", "bar"]


def test_a_file_that_an_editor_takes_away_for_a_moment_is_not_missed(desk: Desk) -> None:
    desk.write("one")
    file = desk.watched()
    desk.later()
    desk.path.unlink()
    os.utime(desk.path.parent, ns=(int(desk.time * 1e9),) * 2)
    assert file() == "ONE"
    desk.write("two")
    desk.later()
    assert file() == "TWO"
    assert "" not in desk.parsed


@pytest.mark.parametrize("stamp", [0.5, 4_999.9, 9_999_999.0])
def test_a_clock_that_is_wrong_delays_nothing_for_long(desk: Desk, stamp: float) -> None:
    desk.write("one")
    file = desk.watched()
    desk.write("two", at=stamp)
    desk.later(1.0)
    file()
    desk.later(1.0)
    assert file() == "TWO"


def test_a_file_of_the_same_size_and_time_in_its_place_is_seen(desk: Desk) -> None:
    desk.write("one", at=1.0)
    file = desk.watched()
    other = Desk(desk.path.with_name("other"))
    other.write("two", at=1.0)
    other.path.replace(desk.path)
    desk.later()
    assert file() == "TWO"


def test_a_file_that_may_not_be_read_is_told_once_and_read_when_it_may(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("one")
    file = desk.watched()
    desk.write("two")
    with monkeypatch.context() as patched:  # root may read everything
        patched.setattr(Path, "read_text", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
        for _ in range(3):
            desk.later()
            assert file() == "ONE"
    assert desk.told == ["file.txt cannot be used: permission denied. What it said before still counts."]
    desk.later()
    assert file() == "TWO"


def test_a_folder_in_its_place_is_named(desk: Desk) -> None:
    desk.path.mkdir()
    with pytest.raises(SetupError, match="is a directory"):
        desk.watched()


def test_a_byte_order_mark_is_no_part_of_it(desk: Desk) -> None:
    desk.write("\ufeffone")
    assert desk.watched()() == "ONE"


@given(st.text(alphabet='[]{}"=.-_ \n0123456789eEaxinf#', max_size=60))
def test_any_text_is_toml_or_named(text: str) -> None:
    told = "it is no TOML: "
    try:
        assert isinstance(toml(text), dict)
    except ValueError as error:
        told = str(error)
    assert told.startswith("it is no TOML: ")


@pytest.mark.parametrize("text", ["a = 1e99999999999999999999", "a = " + "[" * 5000])
def test_what_goes_beyond_all_measure_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="it is no TOML"):
        toml(text)


def test_numbers_are_exact() -> None:
    assert toml("a = 0.1") == {"a": Decimal("0.1")}


# Every file that the bot reads: its name, what it says, what its reader makes of that, and something that is wrong.

Reader = Callable[[Settings, Alerts], Callable[[], object]]


def _models(settings: Settings, alerts: Alerts) -> Callable[[], object]:
    roster = Roster(settings, Queue(), alerts=alerts)
    return lambda: [rung.name for rung in roster()] == ["mine"]


def _prices(settings: Settings, alerts: Alerts) -> Callable[[], object]:
    prices = Prices(settings.data_dir, alerts)
    return lambda: prices.of("mine") is not None


def _budgets(settings: Settings, alerts: Alerts) -> Callable[[], object]:
    limits = Limits(settings, alerts)
    return lambda: limits.any


def _words(settings: Settings, alerts: Alerts) -> Callable[[], object]:
    words = word_file(settings.data_dir, alerts)
    return lambda: words().in_text("mine")


def _variables(settings: Settings, alerts: Alerts) -> Callable[[], object]:
    variables = Variables(settings.data_dir / ".env", alerts)
    return lambda: variables.get("CHINWAG_TEST") == "mine"


FILES: list[tuple[str, str, Reader]] = [
    ("models.toml", '[[model]]\nname = "mine"', _models),
    ("prices.toml", "mine = { input = 1, output = 2 }", _prices),
    ("budgets.toml", "day = 1", _budgets),
    ("moderation.txt", "mine", _words),
    (".env", "CHINWAG_TEST=mine", _variables),
]


@pytest.mark.parametrize(("name", "text", "reader"), FILES, ids=[name for name, _, _ in FILES])
def test_every_file_is_read_again_and_survives_what_is_done_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, reader: Reader
) -> None:
    monkeypatch.setattr(watched, "EVERY", 0.0)
    desk = Desk(tmp_path / name)
    desk.write("\n")
    counts = reader(Settings(_env_file=None, data_dir=tmp_path), desk.alerts)  # type: ignore[call-arg]
    assert not counts()
    desk.write(text)
    assert counts()
    desk.write(b"\xff\xfe not UTF-8")
    assert [bool(counts()) for _ in range(3)] == [True] * 3
    assert desk.told == [f"{name} cannot be used: it is not UTF-8 text. What it said before still counts."]
    desk.write(text)
    assert counts()
    desk.gone()
    assert bool(counts()) == (name == "moderation.txt")  # which MODERATION=words needs
    desk.write("\n")
    assert not counts()
    assert len(desk.told) == (2 if name == "moderation.txt" else 1)
