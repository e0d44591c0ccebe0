"""/model and /set: what a person chooses for this conversation, and the sentences that say what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from core import parameters
from core.context import role_of
from core.errors import UserError
from core.escape import escaped
from core.model.asking import Parameters
from core.parameters import COLDEST, DEFAULT, HOTTEST, SHORTEST, Bounds
from core.roles import Role
from core.store import Store
from core.surface import Choice
from core.types import QUIET, Session

USE = "Choose with /set temperature 0.3 or /set length 500; /set temperature default goes back."


def _no_models() -> Sequence[str]:
    return ()


def _no_price(model: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Tuning:
    """models: the names that may be chosen, the default one first. price: what one costs, in words, "" if unknown."""

    store: Store
    bounds: Bounds
    models: Callable[[], Sequence[str]] = _no_models
    price: Callable[[str], str] = _no_price

    def choices(self) -> list[Choice]:
        """What may follow /model."""
        names = self.models()
        if len(names) < 2:
            return []
        return [
            *(Choice(name, self._priced(name)[:100]) for name in names if len(name) <= 100),
            Choice(DEFAULT, f"{DEFAULT} – {names[0]}"[:100]),
        ]

    async def parameters(self, session: Session, role: Role | str) -> tuple[Parameters, str]:
        """Those of the next answer, and a line about a chosen model that is no longer offered, which is said once."""
        names = self.models()
        found = parameters.of(session, role, self.bounds, models=names)
        if not session.model or session.model in names or not names:
            return found, ""
        await self.store.sessions.tune(session, replace(session, model=""))
        return found, f"{QUIET} {session.model} is no longer offered here; {names[0]} answers from now on."

    async def model(self, session: Session, wanted: str) -> str:
        """Switch to a model. Raises UserError when it may not be chosen."""
        names = self.models()
        wanted = wanted.strip("`\"'")
        if wanted.lower() == DEFAULT:
            await self.store.sessions.tune(session, replace(session, model=""))
            return f"{_bold(names)} answers from now on."
        name = _find(names, wanted)
        await self.store.sessions.tune(session, replace(session, model=name))
        return f"{_bold([name])} answers from now on. /model default goes back."

    def list(self, session: Session) -> str:
        """The models, and which one answers."""
        names = self.models()
        if not names:
            return "One model answers here; there is no other to choose."
        now = session.model if session.model in names else names[0]
        if len(names) == 1:
            return f"`{now}` answers here; there is no other to choose."
        lines = [
            f"- `{name}`{self._price(name)}{' (default)' if name == names[0] else ''}{' ← now' if name == now else ''}"
            for name in names
        ]
        return "\n".join(["Models:", *lines, "", f"Switch with /model {names[-1]}, or /model default."])

    async def set(self, session: Session, text: str) -> str:
        """Change what "temperature 0.3 length 500" names. Raises UserError with the range, and changes nothing then."""
        if not text:
            return self._shown(session)
        words = text.replace("=", " ").replace(":", " ").split()
        changed = session
        for name, value in zip_longest(words[::2], words[1::2], fillvalue=""):
            changed = self._changed(changed, name.lower(), value)
        return self._shown(await self.store.sessions.tune(session, changed))

    def _changed(self, session: Session, name: str, value: str) -> Session:
        if name == "temperature":
            return replace(session, temperature=parameters.temperature(value))
        if name == "length":
            return replace(session, length=parameters.length(value, self.bounds))
        if name == DEFAULT and not value:
            return replace(session, temperature=None, length=None)
        raise UserError(f"I cannot set “{escaped(name[:40])}”, only temperature and length. {USE}")

    def _shown(self, session: Session) -> str:
        role = role_of(session)
        now = parameters.of(session, role, self.bounds)
        return "\n".join(
            [
                f"- temperature: {_written(now.temperature)}{_source(session.temperature, role, 'temperature')} "
                f"– from {COLDEST:g} (sober) to {HOTTEST:g} (wild)",
                f"- length: {_tokens(now.length)}{_source(session.length, role, 'length')} "
                f"– of an answer at most, from {SHORTEST} to {self.bounds.longest} tokens",
                "",
                USE,
            ]
        )

    def _price(self, name: str) -> str:
        return f" – {price}" if (price := self.price(name)) else ""

    def _priced(self, name: str) -> str:
        return f"{name}{self._price(name)}"


def _find(names: Sequence[str], wanted: str) -> str:
    """The model of that name, or the only one whose name has it in it."""
    folded = wanted.casefold()
    found = [name for name in names if name.casefold() == folded] or [n for n in names if folded in n.casefold()]
    if len(found) != 1:
        told = "More than one model is called" if found else "There is no model called"
        raise UserError(f"{told} “{escaped(wanted[:60])}” here. /model lists them.")
    return found[0]


def _bold(names: Sequence[str]) -> str:
    return f"**{names[0]}**" if names else "The model of this bot"


def _source(own: float | None, role: Role | str, name: str) -> str:
    if own is not None:
        return " (your choice)"
    of_role = getattr(role, name) if isinstance(role, Role) else None
    return f" (as {role.title})" if isinstance(role, Role) and of_role is not None else ""


def _written(temperature: float | None) -> str:
    return "the model's own" if temperature is None else f"{temperature:g}"


def _tokens(length: int | None) -> str:
    return "the model's own" if length is None else f"{length} tokens"
