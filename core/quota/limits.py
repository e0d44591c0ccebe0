"""What may be spent: by the whole bot, by a person, in a group; in a day and in a month.

The settings say it for everybody; DATA_DIR/budgets.toml goes before them and can name people and groups.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.observe.alerts import Alerts
from core.quota.money import amount, nano
from core.settings import Settings
from core.store import Cap, Payer
from core.watched import Watched, toml

FILE = "budgets.toml"
KEYS = frozenset(("day", "month", "alerts"))
_NAME = re.compile(r"(telegram|discord|web):\S+")
# Percent at which the admins are told. Everybody's money is worth three messages; one person's only when it is gone.
ALERTS = {"house": (50, 80, 100), "user": (100,), "chat": (100,)}


@dataclass(frozen=True, slots=True)
class Limit:
    """Nano-dollars for a day and for a month; None: no limit. alerts: percent at which the admins are told."""

    day: int | None = None
    month: int | None = None
    alerts: tuple[int, ...] = ()

    @property
    def any(self) -> bool:
        return self.day is not None or self.month is not None


@dataclass(frozen=True, slots=True)
class Table:
    """The limits of every kind. named: those of one person or group, by kind and name."""

    kinds: Mapping[str, Limit]
    named: Mapping[tuple[str, str], Limit] = field(default_factory=dict)

    def of(self, kind: str, name: str) -> Limit:
        return self.named.get((kind, name), self.kinds[kind])


class Limits:
    """The limits as they stand. Raises SetupError when the file in DATA_DIR cannot be used."""

    def __init__(self, settings: Settings, alerts: Alerts | None = None) -> None:
        of_settings = _of_settings(settings)
        self._file = Watched(settings.data_dir / FILE, lambda text: read(toml(text), of_settings), alerts=alerts)

    def alerts(self, cap: Cap) -> tuple[int, ...]:
        """The percents of this limit at which the admins are told."""
        return self._file().of(cap.kind, cap.name).alerts

    @property
    def any(self) -> bool:
        """Whether anything is limited at all."""
        table = self._file()
        return any(limit.any for limit in (*table.kinds.values(), *table.named.values()))

    def caps(self, payer: Payer, now: float) -> list[Cap]:
        """Every limit that holds for this payer now (unix seconds). A private chat is no group, the house no user."""
        table = self._file()
        whose = {"house": "", "user": payer.subject, "chat": payer.chat}
        return [
            Cap(kind, name, period, limit)
            for kind, name in whose.items()
            if name or kind == "house"
            for period, limit in zip(periods(now), _of_both(table.of(kind, name)), strict=True)
            if limit is not None
        ]


def read(data: Mapping[str, Any], settings: Table) -> Table:
    """The limits of a file over those of the settings. Raises ValueError with what is wrong."""
    kinds = {"house": _limit(data, settings.kinds["house"], "")}
    if unknown := sorted(data.keys() - {*KEYS, "user", "chat"}):
        raise ValueError(f"{unknown[0]!r} is not known: day, month, alerts, [user] and [chat] are")
    named = {}
    for kind in ("user", "chat"):
        section = _table(data.get(kind, {}), f"[{kind}]")
        kinds[kind] = _limit(section, settings.kinds[kind], f"[{kind}]")
        for name in sorted(section.keys() - KEYS):
            named[kind, name] = _named(section[name], kind, name, kinds[kind].alerts)
    return Table(kinds, named)


def _named(value: object, kind: str, name: str, alerts: tuple[int, ...]) -> Limit:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} of [{kind}] is not known: day, month, alerts are, and names as /usage shows them to admins, "
            f'like [{kind}."telegram:123456789"]'
        )
    where = f"[{kind}.{name!r}]"
    section = _table(value, where)
    if unknown := sorted(section.keys() - KEYS):
        raise ValueError(f"{unknown[0]!r} of {where} is not known: day, month and alerts are")
    return _limit(section, Limit(alerts=alerts), where)


def periods(now: float) -> tuple[str, str]:
    """The day and the month of a time in unix seconds, by this computer's time zone."""
    day = local(now).strftime("%Y-%m-%d")
    return day, day[:7]


def renews(period: str, now: float) -> datetime:
    """When the next period of this kind begins."""
    today = local(now).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if len(period) > len("2026-11"):
        return (today + timedelta(days=1)).astimezone()
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1).astimezone()


def local(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC).astimezone()


def _of_both(limit: Limit) -> tuple[int | None, int | None]:
    return limit.day, limit.month


def _of_settings(settings: Settings) -> Table:
    def limit(kind: str, day: Decimal | None, month: Decimal | None) -> Limit:
        in_nano = [None if value is None else nano(value) for value in (day, month)]
        return Limit(in_nano[0], in_nano[1], ALERTS[kind])

    return Table(
        {
            "house": limit("house", settings.budget_day, settings.budget_month),
            "user": limit("user", settings.budget_user_day, settings.budget_user_month),
            "chat": limit("chat", settings.budget_chat_day, settings.budget_chat_month),
        }
    )


def _limit(section: Mapping[str, Any], otherwise: Limit, where: str) -> Limit:
    def one(key: str, before: int | None) -> int | None:
        return nano(amount(section[key], f"{key} of {where}" if where else key)) if key in section else before

    alerts = _alerts(section["alerts"], where) if "alerts" in section else otherwise.alerts
    return Limit(one("day", otherwise.day), one("month", otherwise.month), alerts)


def _table(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be a table with day and month, not {value!r}")
    return value


def _alerts(value: object, where: str) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(percent) is int and percent > 0 for percent in value):
        of = f"alerts of {where}" if where else "alerts"
        raise ValueError(f"{of} must be a list of percents, such as [50, 80, 100], not {value!r}")
    return tuple(sorted(value))
