"""Processes without two seconds of imports each: one imports everything and forks (`bots.nest`, `soak.victim`)."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module


def prepare(*modules: str) -> None:
    """Import them, and leave the children to the system to bury."""
    for name in modules:
        import_module(name)
    gc.collect()
    gc.freeze()  # else the first collection of each child copies all of this
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def fork(program: Callable[[], int]) -> int:
    """Returns the pid of a child that runs it and ends with the code it returns, or with 1 and a traceback."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        code = program()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
