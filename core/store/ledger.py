"""The ledger of what requests to models used, and its sums: written in the transaction that ends a turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.store.database import Record, Transaction


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays: the asker ("telegram:123"), their name, and the group that they ask in ("" in private)."""

    subject: str
    name: str = ""
    chat: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request used, and what that costs."""

    model: str
    prompt: int
    completion: int
    cached: int
    cost: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Bill:
    """What a turn used. periods: the day and the month in which it is paid."""

    payer: Payer
    charges: Sequence[Charge]
    periods: Sequence[str]


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of the ledger."""

    name: str = ""
    label: str = ""
    requests: int = 0
    prompt: int = 0
    completion: int = 0
    cost: int = 0


async def pay(tx: Transaction, row: int, bill: Bill, now: float) -> None:
    """Write a bill into the ledger and its sums, and release what was set aside; the caller has checked the lease."""
    await release(tx, row)
    for charge in bill.charges:
        await _enter(tx, row, bill.payer, charge, now)
        for period in bill.periods:
            await _count(tx, bill.payer, charge, period)


async def release(tx: Transaction, row: int) -> None:
    """Nothing more will be paid for this row."""
    await tx.execute("DELETE FROM reservations WHERE inbox_row = :row", row=row)


async def _enter(tx: Transaction, row: int, payer: Payer, charge: Charge, now: float) -> None:
    await tx.execute(
        "INSERT INTO usage (inbox_row, subject, chat, model, prompt_tokens, completion_tokens, cached_tokens, cost, "
        "estimated, at) VALUES (:row, :subject, :chat, :model, :prompt, :completion, :cached, :cost, :estimated, :now)",
        row=row,
        subject=payer.subject,
        chat=payer.chat,
        model=charge.model,
        prompt=charge.prompt,
        completion=charge.completion,
        cached=charge.cached,
        cost=charge.cost,
        estimated=int(charge.estimated),
        now=now,
    )


async def _count(tx: Transaction, payer: Payer, charge: Charge, period: str) -> None:
    sums = [("house", "", ""), ("user", payer.subject, payer.name), ("model", charge.model, "")]
    if payer.chat:
        sums.append(("chat", payer.chat, ""))
    for kind, name, label in sums:
        used = Total(name, label, 1, charge.prompt, charge.completion, charge.cost)
        await add(tx, kind, name, period, used)


async def add(tx: Transaction, kind: str, name: str, period: str, used: Total) -> None:
    await tx.execute(
        "INSERT INTO sums (kind, name, period, label, requests, prompt_tokens, completion_tokens, cost) "
        "VALUES (:kind, :name, :period, :label, :requests, :prompt, :completion, :cost) "
        "ON CONFLICT (kind, name, period) DO UPDATE SET label = excluded.label, "
        "requests = sums.requests + excluded.requests, prompt_tokens = sums.prompt_tokens + excluded.prompt_tokens, "
        "completion_tokens = sums.completion_tokens + excluded.completion_tokens, cost = sums.cost + excluded.cost",
        kind=kind,
        name=name,
        period=period,
        label=used.label,
        requests=used.requests,
        prompt=used.prompt,
        completion=used.completion,
        cost=used.cost,
    )


def total_of(row: Record) -> Total:
    return Total(
        row["name"], row["label"], row["requests"], row["prompt_tokens"], row["completion_tokens"], row["cost"]
    )
