"""The child process of the embedded model: llama.cpp's server, alone, so that a native fault cannot stop the bots.

`core.model.embedded.launch` runs it as `python -m core.model.embedded.child`. One JSON line on stdin says what to
load: {"path", "key", "threads", "parent"}; the key never stands in argv. One JSON line on stdout answers: {"url"} or
{"error"}. It serves until stdin ends, which happens when the parent dies, however it dies.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
from pathlib import Path
from typing import Any

SLOTS = 4  # chats answered at once
CONTEXT = 16384  # tokens, shared by the slots: 4096 each
LONGEST_ANSWER = 768  # tokens
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    for name in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group; the parent may still finish an answer
        signal.signal(name, signal.SIG_IGN)
    _die_with_parent()
    order = json.loads(sys.stdin.readline() or "null")
    if order is None or _orphaned(order["parent"]):
        return
    try:
        server = serve(order["path"], order["key"], order["threads"])
    except (ImportError, OSError, RuntimeError) as error:
        _tell({"error": str(error)})
        sys.exit(1)
    try:
        _tell({"url": server.listening_address})
        sys.stdin.read()
    finally:
        os._exit(0)  # at once, whatever the server's threads are doing


def serve(path: str, key: str, threads: int) -> Any:
    """Load the model and open its port on 127.0.0.1. The server lives as long as the returned object."""
    if reason := missing_instructions():
        raise RuntimeError(reason)
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {"embedded"}
    params.hostnames, params.port = ["127.0.0.1"], 0
    # By default any web page that the user opens may talk to the server, and read other people's prompts in /slots.
    params.api_keys, params.cors_origins, params.ui, params.endpoint_slots = [key], "", False, False
    params.n_parallel, params.n_ctx, params.n_predict = SLOTS, CONTEXT, LONGEST_ANSWER
    params.cache_ram_mib = 256  # the default of 8192 is more memory than small machines have
    params.slot_prompt_similarity = 0.0  # else all chats, sharing a system prompt, fight for one slot's cache
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.verbosity, params.offline = 0, True
    return xllamacpp.Server(params)


def missing_instructions(cpuinfo: Path = Path("/proc/cpuinfo"), machine: str = platform.machine()) -> str:
    """Why this processor cannot run the prebuilt llama.cpp; "" when it can, or when that cannot be known."""
    if machine.lower() not in {"x86_64", "amd64"} or not cpuinfo.exists():
        return ""
    flags = next((line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), "")
    lacking = [name for name in ("avx2", "fma", "f16c", "bmi2") if name not in flags.split()]
    return f"this processor lacks {', '.join(lacking)}" if flags and lacking else ""


def _die_with_parent() -> None:
    """On Linux the kernel ends us with the parent, even while the model loads and no Python code runs here."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _orphaned(parent: int) -> bool:
    """Whether the parent died before the kernel was asked to tell us. Windows keeps a dead parent's id."""
    return sys.platform != "win32" and os.getppid() != parent


def _tell(answer: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
