"""The named instants at which a victim kills itself: before or after the nth call of a function of the real program."""

from __future__ import annotations

import functools
import inspect
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

SURFACES = (
    "bots.telegram.surface:TelegramSurface",
    "bots.discord.surface:ChannelSurface",
    "bots.discord.surface:InteractionSurface",
)
POST = tuple(f"{surface}.post" for surface in SURFACES)
EDIT = tuple(f"{surface}.edit" for surface in SURFACES)


@dataclass(frozen=True)
class Step:
    """after: once the call has returned, else before it is made. only: which calls count, by arguments and result."""

    functions: tuple[str, ...]
    after: bool = False
    only: Callable[[tuple[Any, ...], Any], bool] = lambda args, result: True


def _final(args: tuple[Any, ...], result: Any) -> bool:
    return bool(args[-1].final)


def _migrated(args: tuple[Any, ...], result: Any) -> bool:
    return "INSERT INTO migrations" in args[1]


def _found(args: tuple[Any, ...], result: Any) -> bool:
    return result is not None


STEPS = {
    "update received": Step(("core.hub:Hub.receive",)),
    "inbox committed": Step(("core.store.inbox:Inbox.accept",), after=True),
    "row taken": Step(("core.store.inbox:Inbox.next",), after=True, only=_found),
    "turn committed": Step(("core.store.turns:Turns.open",), after=True),
    "delivery recorded": Step(("core.store.deliveries:Deliveries.open",), after=True),
    "first text came": Step(("core.live.delivery:Delivery.feed",)),
    "before a post": Step(POST),
    "post applied, its id unknown": Step(POST, after=True),
    "post written down": Step(("core.store.deliveries:Deliveries.posted",), after=True),
    "before an edit": Step(EDIT),
    "after an edit": Step(EDIT, after=True),
    "before the final edit": Step(EDIT, only=_final),
    "after the final edit": Step(EDIT, after=True, only=_final),
    "before the answer is committed": Step(("core.store.turns:Turns.finish",)),
    "answer committed": Step(("core.store.turns:Turns.finish",), after=True),
    "during a backup": Step(("core.store.backup:_name",)),
    "during a migration": Step(("core.store.group:SqliteTransaction.execute",), after=True, only=_migrated),
}


def arm(step: Step, nth: int) -> None:
    """Let this process kill itself at the nth such instant, whichever of the functions it comes from."""
    left = [nth]

    def reached(args: tuple[Any, ...], result: Any = None) -> None:
        if step.only(args, result):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    for name in step.functions:
        _wrap(name, reached, after=step.after)


def _wrap(name: str, reached: Callable[..., None], *, after: bool) -> None:
    module, _, path = name.partition(":")
    *classes, method = path.split(".")
    owner = functools.reduce(getattr, classes, import_module(module))
    function = getattr(owner, method)

    @functools.wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        if not after:
            reached(args)
        result = await function(*args, **kwargs)
        if after:
            reached(args, result)
        return result

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        reached(args)
        return function(*args, **kwargs)

    setattr(owner, method, awaited if inspect.iscoroutinefunction(function) else called)
