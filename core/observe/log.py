"""Logs: one line per event on stderr, each with the id of the turn it belongs to, and never with a secret."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import TextIO

import structlog

# These say every request with its URL, and Telegram's URLs contain the bot's token.
QUIET = ("httpx", "httpcore", "httpx2", "openai", "telegram", "discord", "asyncio", "uvicorn", "LangSmith")
_secrets: set[str] = set()


def configure(level: str, *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Set up logging once per process. No value of `secrets` is ever written, whoever logs it."""
    stream = stream or sys.stderr
    conceal(*secrets)
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S"),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, redact],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def conceal(*secrets: str) -> None:
    """From now on no log line shows these, whoever writes it: keys change while Chinwag runs."""
    _secrets.update(secret for secret in secrets if len(secret) >= 4)


def redact(logger: object, name: str, line: object) -> str:
    """Blots secrets out of the finished line, so that a traceback cannot carry one either."""
    text = str(line)
    for secret in _secrets:
        text = text.replace(secret, "***")
    return text


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose events are short phrases with the details as keywords."""
    return structlog.stdlib.get_logger(name)
