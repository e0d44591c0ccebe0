"""Whether an answer may be asked for, and what it may cost: reserved before the model is asked, paid at the turn's end.

`core.chat` asks `admit` before each answer and hands `bill` to the transaction that ends the turn. What runs over is
ended by `core.model.metered`, through the `Asking` that `admit` sets for the task that reads the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.messages import BaseMessage

from core.errors import UserError
from core.live.journal import Fenced
from core.model import Model
from core.model.asking import ASKING, Asking, Spent
from core.model.counting import BYTES, prompt_tokens, size
from core.observe import metrics
from core.observe.alerts import Alerts
from core.quota import words
from core.quota.alerting import Alert, Alerting
from core.quota.limits import Limits, periods
from core.quota.money import NANO
from core.quota.pace import Pace
from core.quota.prices import PER, Price, Prices
from core.settings import Settings
from core.store import Bill, Cap, Charge, Lease, Payer, Row, UsageTable, Wanted
from core.types import Incoming, Usage

SHARE = 4096  # tokens of an answer that are reserved at a time
LEAST = 32  # tokens: an answer that may have fewer is not begun


@dataclass(slots=True)
class Ask:
    """One row that is being answered. before: what an earlier process had said; tries: this one included."""

    row: int
    lease: Lease
    payer: Payer
    tries: int
    before: str
    asking: Asking
    prompt: int = 0
    hit: Cap | None = None  # what leaves the answer less than a whole share
    charges: list[Charge] = field(default_factory=list)


class Quota:
    """Raises SetupError when a file in DATA_DIR cannot be used. alert: sends the admins a text (with a name).

    alerts: told when such a file is edited into what cannot be used.
    """

    def __init__(
        self,
        usage: UsageTable,
        model: Model,
        settings: Settings,
        *,
        alert: Alert,
        now: Callable[[], float],
        alerts: Alerts | None = None,
    ) -> None:
        self.usage = usage
        self.prices = Prices(settings.data_dir, alerts)
        self.limits = Limits(settings, alerts)
        self._alerting = Alerting(usage, self.limits, alert, now)
        self._model = model
        self.now = now
        self._pace = Pace(settings.questions_per_minute, lambda: asyncio.get_running_loop().time())

    def ask(self, row: Row, lease: Lease, before: str, *, anew: bool = False) -> Ask:
        """The beginning of an answer to this row. anew: it shall not be one that was given before."""
        key = replace(row.lane.key, thread="")  # what was said in a chat never answers in another one
        asking = Asking(row.incoming.author.subject, scope=str(key), anew=anew)
        return Ask(row.id, lease, payer_of(row.incoming), row.tries, before, asking)

    async def admit(self, ask: Ask, messages: Sequence[BaseMessage], *, place: Callable[[int], None]) -> None:
        """Let the task that runs ask the model, within what may be spent. Raises UserError with when to come back.

        place: told the place in the queue, while it waits there; 0 when it is its turn.
        """
        await self._settle_leftover(ask)
        if ask.tries == 1 and (seconds := self._pace.take(ask.payer.subject)):
            raise UserError(words.too_fast(seconds, self._pace.per_minute))
        ask.prompt = prompt_tokens(messages)
        ask.asking.place, ask.asking.more = place, lambda model: self._share(ask, model)
        await self._share(ask, self._model.status().name)
        ASKING.set(ask.asking)

    def bill(self, ask: Ask) -> Bill:
        """What the answer has used, to be paid with the end of its turn."""
        ask.charges = self.charges(ask.asking.spent)
        return Bill(ask.payer, ask.charges, periods(self.now()))

    def charges(self, spent: Sequence[Spent]) -> list[Charge]:
        charges = [
            Charge(
                s.model,
                s.usage.prompt,
                s.usage.completion,
                s.usage.cached,
                self.prices.cost(s.model, s.usage),
                s.estimated,
            )
            for s in spent
        ]
        for charge in charges:
            metrics.COST.labels(charge.model).inc(charge.cost / NANO)
        return charges

    async def paid(self, payer: Payer) -> None:
        """A bill was paid: the admins are told when a limit is used up so far that they want to know."""
        await self._alerting.paid(payer)

    async def close(self) -> None:
        """Tell the admins now what waits to be told: returns when they are told, or within two seconds."""
        await self._alerting.close()

    async def has_left(self, payer: Payer) -> bool:
        """Whether nothing that holds for this payer is used up."""
        caps = self.limits.caps(payer, self.now())
        return all([(await self.usage.total(cap.kind, cap.name, cap.period)).cost < cap.limit for cap in caps])

    async def note(self, payer: Payer, spent: Sequence[Spent]) -> None:
        """Pay for work that no turn asked for."""
        if spent:
            await self.usage.note(Bill(payer, self.charges(spent), periods(self.now())))
            await self.paid(payer)

    async def _settle_leftover(self, ask: Ask) -> None:
        """A process died in this answer: what it had said is paid by estimate, the rest of its share is released."""
        left = await self.usage.reservation(ask.row)
        if left is None:
            return
        used = Usage(left.prompt, -(-size(ask.before) // BYTES)) if ask.before else None
        spent = [Spent(left.model, used, estimated=True)] if used else []  # nothing was said: it may have waited
        bill = Bill(ask.payer, self.charges(spent), periods(self.now()))
        if not await self.usage.pay(ask.row, ask.lease, bill):
            raise Fenced

    async def _share(self, ask: Ask, model: str) -> None:
        """Reserve the next share of an answer, or the first by another model's prices. Raises when there is none."""
        now, asking = self.now(), ask.asking
        if ask.hit is not None and model == asking.model:
            raise UserError(words.ended(ask.hit, now))
        asking.model, price = model, self.prices.of(model)
        caps = self.limits.caps(ask.payer, now) if price and not price.free else []
        wanted = self._wanted(ask, price, caps)
        granted = await self.usage.reserve(ask.row, ask.lease, ask.payer, wanted)
        if granted is None:
            raise Fenced
        if granted.refused and (hit := granted.hit) is not None:
            if hit.limit - granted.spent < wanted.least:
                await self._alerting.refused(hit)
            raise UserError(words.ended(hit, now) if asking.said else words.refused(granted, wanted.least, now))
        ask.hit, asking.firm = granted.hit, granted.hit is not None
        asking.most = _affordable(price, ask, granted.cost) if price and caps else None

    def _wanted(self, ask: Ask, price: Price | None, caps: Sequence[Cap]) -> Wanted:
        said = ask.asking.said

        def cost(answer: int) -> int:
            return price.of(Usage(_read(ask), answer)) if price else 0

        return Wanted(cost(said + SHARE), cost(said + LEAST), ask.asking.model, ask.prompt, caps)


def payer_of(incoming: Incoming) -> Payer:
    """Who pays for the answer to a message."""
    address, author = incoming.address, incoming.author
    chat = "" if address.private else f"{address.platform}:{address.chat}"
    return Payer(author.subject, author.name, chat)


def _read(ask: Ask) -> int:
    """The prompt tokens of an answer: each attempt at it has read them."""
    return ask.prompt * (1 + len(ask.asking.spent))


def _affordable(price: Price, ask: Ask, cost: int) -> int | None:
    """The tokens of an answer that may cost this much with its prompt."""
    if not price.output:
        return None
    left = cost - price.of(Usage(_read(ask), 0))
    return int(left / (price.output * PER))
