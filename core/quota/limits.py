"""What may be spent: by the whole bot, by a person, in a group; in a day and in a month.

The settings say it for everybody; DATA_DIR/budgets.toml goes before them and can name people and groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.quota.file import Watched, amount
from core.quota.money import nano
from core.settings import Settings
from core.store import Cap, Payer

FILE = "budgets.toml"
KINDS = ("house", "user", "chat")
ALERTS = (50, 80, 100)  # percent


@dataclass(frozen=True, slots=True)
class Limit:
    """Nano-dollars for a day and for a month; None: no limit."""

    day: int | None = None
    month: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The limits of every kind. named: those of one person or group, by kind and name. alerts: percent."""

    kinds: Mapping[str, Limit]
    named: Mapping[tuple[str, str], Limit] = field(default_factory=dict)
    alerts: tuple[int, ...] = ALERTS


class Limits:
    """The limits as they stand. Raises SetupError when the file in DATA_DIR cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self._file = Watched(settings.data_dir / FILE, lambda data: read(data, _of_settings(settings)))

    @property
    def alerts(self) -> tuple[int, ...]:
        """The percents of a limit at which the admins are told."""
        return self._file.value.alerts

    @property
    def any(self) -> bool:
        """Whether anything is limited at all."""
        table = self._file.value
        return any(limit != Limit() for limit in (*table.kinds.values(), *table.named.values()))

    def caps(self, payer: Payer, now: float) -> list[Cap]:
        """Every limit that holds for this payer now (unix seconds). A private chat is no group, the house no user."""
        table = self._file.value
        whose = {"house": "", "user": payer.subject, "chat": payer.chat}
        return [
            Cap(kind, name, period, limit)
            for kind, name in whose.items()
            if name or kind == "house"
            for period, limit in zip(periods(now), _limits(table, kind, name), strict=True)
            if limit is not None
        ]


def read(data: Mapping[str, Any], settings: Table) -> Table:
    """The limits of a file over those of the settings. Raises ValueError with what is wrong."""
    if unknown := set(data) - {"day", "month", "user", "chat", "alerts"}:
        raise ValueError(f"{sorted(unknown)[0]!r} is not known: day, month, alerts, [user] and [chat] are")
    kinds = {"house": _limit(data, settings.kinds["house"], "the limits")}
    named = {}
    for kind in ("user", "chat"):
        section = _table(data.get(kind, {}), kind)
        kinds[kind] = _limit(section, settings.kinds[kind], kind)
        for name in set(section) - {"day", "month"}:
            own = _table(section[name], f"{kind}, {name}")
            named[kind, name] = _limit(own, Limit(), f"{kind}, {name}")
    return Table(kinds, named, _alerts(data.get("alerts", list(settings.alerts))))


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


def _limits(table: Table, kind: str, name: str) -> tuple[int | None, int | None]:
    limit = table.named.get((kind, name), table.kinds[kind])
    return limit.day, limit.month


def _of_settings(settings: Settings) -> Table:
    def limit(day: Decimal | None, month: Decimal | None) -> Limit:
        return Limit(*(None if value is None else nano(value) for value in (day, month)))

    return Table(
        {
            "house": limit(settings.budget_day, settings.budget_month),
            "user": limit(settings.budget_user_day, settings.budget_user_month),
            "chat": limit(settings.budget_chat_day, settings.budget_chat_month),
        }
    )


def _limit(section: Mapping[str, Any], otherwise: Limit, name: str) -> Limit:
    def one(key: str, before: int | None) -> int | None:
        return nano(amount(section[key], f"{name}, {key}")) if key in section else before

    return Limit(one("day", otherwise.day), one("month", otherwise.month))


def _table(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name!r} must be a table with day and month, not {value!r}")
    return value


def _alerts(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(isinstance(percent, int) and percent > 0 for percent in value):
        raise ValueError(f"alerts must be a list of percents, such as [50, 80, 100], not {value!r}")
    return tuple(sorted(value))
