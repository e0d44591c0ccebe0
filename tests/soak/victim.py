"""The process that is killed: `bots.run` as it is, and nothing else, but for `steps`.

`python -m tests.soak.victim` imports everything once (two seconds of CPU) and then forks a fresh Chinwag for each line
on its stdin, an `Order` as JSON; it answers with the pid. When its stdin ends it takes all of them along.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import signal
import sys
from functools import partial
from typing import Any

from tests.forks import fork, prepare


def run(order: dict[str, Any]) -> int:
    """Be Chinwag: `env` is its environment, and what it says goes into the file `log`. Dies at `step`, if any.

    With `backup` it makes one instead, beside another process that serves.
    """
    from bots.backup import backup
    from bots.run import serve
    from core.settings import load
    from tests.soak import steps

    os.close(0)
    out = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(out, stream)
    os.environ.update(order["env"])
    if order["quick"]:
        hurry()
    if not order["locks"]:
        from core.store import lock

        lock.lock_file = lambda file: True
    if order["step"]:
        steps.arm(steps.STEPS[order["step"]], order["nth"])
    if order["backup"]:
        print(backup(load(env_file=None), None, force=False))
    else:
        asyncio.run(serve(load(env_file=None)))
    return 0


def hurry() -> None:
    """Pauses that are a test's and not a platform's, so that much happens in little time."""
    import discord as library

    import bots.discord.bot
    import bots.discord.gateway
    import bots.discord.missed
    import bots.discord.surface
    import bots.telegram.polling
    import bots.telegram.surface
    from bots import run
    from core.dispatch import engine
    from core.live import delivery, doubts, pacer, trouble
    from core.model.reading import Patience
    from core.model.waiting import Backoff
    from core.store.lock import only_process
    from core.surface import Rate

    run.only_process = partial(only_process, patience=0.2)
    telegram, discord, plenty = bots.telegram.surface, bots.discord.surface, Rate(1000, 1.0)
    telegram.GROUP = telegram.PRIVATE = telegram.OVERALL = discord.OVERALL = (plenty,)
    discord.FIRST_RATE = plenty
    pacer.pause = lambda *_: 0.1
    trouble.BACKOFF = (0.1, 0.2, 0.4)
    delivery.SAVE_EVERY = 0.1
    doubts.PAUSE = 0.1
    engine.RETRY = 0.2
    shorten(bots.telegram.polling.Backoff, first=0.1, most=1.0)
    shorten(bots.discord.bot.DiscordBot, note_every=0.2)
    shorten(Backoff, first=0.1, longest=1.0)
    shorten(Patience, first=4.0, gap=2.0, tail=1.0)
    bots.discord.missed.AGAIN = (0.1, 0.2, 0.4, 0.8)
    bots.discord.gateway.Pauses.next = lambda self, at_once=False: 0.1
    library.Client.before_identify_hook = at_once


async def at_once(*_: object, **__: object) -> None:
    """In the place of discord.py's five seconds before a second session."""


def shorten(made: type, **seconds: float) -> None:
    """Other defaults for the arguments of what is made."""
    init = made.__init__  # type: ignore[misc]
    names = [name for name, it in inspect.signature(init).parameters.items() if it.kind is it.POSITIONAL_OR_KEYWORD]
    defaults = init.__defaults__ or ()
    at = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    init.__defaults__ = tuple({**at, **{name: seconds[name] for name in seconds if name in at}}.values())
    init.__kwdefaults__ = {**(init.__kwdefaults__ or {}), **{n: s for n, s in seconds.items() if n not in at}}


def warm_up() -> None:
    """Import all that a start needs, and read the certificates."""
    from bots.telegram.request import tls

    tls()
    prepare("core.model.chat", "core.model.endpoint", "core.model.roster", "core.model.router", "tests.soak.steps")


def main() -> None:
    warm_up()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children = []
    for line in sys.stdin:
        children.append(fork(partial(run, json.loads(line))))
        sys.stdout.write(f"{children[-1]}\n")
        sys.stdout.flush()
    for pid in children[-20:]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    main()
