"""Logs: one line per event on stderr, each with the id of the turn it belongs to, and never with a secret."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from typing import TextIO

import structlog

# These say every request with its URL, and Telegram's URLs contain the bot's token.
QUIET = ("httpx", "httpcore", "httpx2", "openai", "telegram", "discord", "asyncio", "uvicorn", "LangSmith")
_secrets: set[str] = set()


def configure(level: str, form: str = "text", *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Set up logging once per process. No value of `secrets` is ever written, whoever logs it.

    form: "text" for people, "json" for machines (an object a line, times in UTC).
    """
    stream = stream or sys.stderr
    conceal(*secrets)
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if form == "json" else "%H:%M:%S", utc=form == "json"),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(form, stream), redact],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _rendering(form: str, stream: TextIO) -> list[structlog.typing.Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain, pad_event_to=0)]


def conceal(*secrets: str) -> None:
    """From now on no log line shows these, whoever writes it: keys change while Chinwag runs."""
    for secret in secrets:
        if len(secret) >= 4:  # also as it stands within JSON and in a repr
            _secrets.update((secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]))


def redact(logger: object, name: str, line: object) -> str:
    """Blots secrets out of the finished line, so that a traceback cannot carry one either."""
    text = str(line)
    for secret in _secrets:
        text = text.replace(secret, "***")
    return text


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose events are short phrases with the details as keywords."""
    return structlog.stdlib.get_logger(name)
