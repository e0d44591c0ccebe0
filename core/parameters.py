"""How an answer is to be made: what a conversation chose, or else its role, or else the operator's settings.

`/model` and `/set` (`core.commands.tuning`) store a choice in the session; `core.chat` asks `of` before each answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from core.errors import UserError
from core.model.asking import Parameters
from core.model.fit import LEAST, LONGEST
from core.roles import Role
from core.types import Session

COLDEST, HOTTEST = 0.0, 2.0  # what OpenAI and those who follow it take as temperature
SHORTEST = LEAST  # tokens of an answer
DEFAULT = "default"
_NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the operator allows.

    most: tokens of an answer, 0 for the model's own limit (MAX_ANSWER). thoughts: whether they are shown (REASONING).
    """

    most: int = 0
    thoughts: bool = False

    @property
    def longest(self) -> int:
        return self.most or LONGEST


def of(session: Session, role: Role | str, bounds: Bounds, *, models: Collection[str] = ()) -> Parameters:
    """The parameters of the next answer. role: the one that answers it. models: those that may be chosen."""
    temperature, length = session.temperature, session.length
    if isinstance(role, Role):
        temperature = role.temperature if temperature is None else temperature
        length = role.length if length is None else length
    most = min(filter(None, (length, bounds.most)), default=None)
    return Parameters(session.model if session.model in models else "", temperature, most)


def temperature(text: str) -> float | None:
    """The temperature that a person wrote; None for the default. Raises UserError that names the range."""
    if text.lower() == DEFAULT:
        return None
    value = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else -1.0
    if not COLDEST <= value <= HOTTEST:
        raise UserError(
            f"The temperature is a number from {COLDEST:g} (sober) to {HOTTEST:g} (wild), like: /set temperature 0.3"
        )
    return value


def length(text: str, bounds: Bounds) -> int | None:
    """The longest answer in tokens that a person wrote; None for the default. Raises UserError that names the range."""
    if text.lower() == DEFAULT:
        return None
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if not SHORTEST <= value <= bounds.longest:
        raise UserError(
            f"The length is a whole number of tokens from {SHORTEST} to {bounds.longest} "
            "(3 tokens are about 2 words), like: /set length 500"
        )
    return value
