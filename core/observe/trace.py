"""Traces, for who wants them: OpenTelemetry by its OTEL_ variables, LangSmith by its LANGSMITH_ ones.

`bots.run` configures them once, `core.chat` and `core.model` open the spans; without these variables a span does
nothing. They name turns, models and numbers, never what was said; LangSmith, which LangChain calls, gets the prompts.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from dotenv import dotenv_values
from opentelemetry import trace

from core.errors import SetupError

STANDARD = ("OTEL_", "LANGSMITH_")
WHERE = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PACKAGES = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"

_tracer = trace.get_tracer("chinwag")


def span(name: str, **attributes: str | int | float) -> AbstractContextManager[trace.Span]:
    """A span around a block, within the one that is open in this task. An exception that leaves it marks it failed."""
    return _tracer.start_as_current_span(name, attributes=attributes)


def begin(name: str, **attributes: str | int | float) -> trace.Span:
    """A span that is ended by hand, for what has no block: an async generator may be closed in another task."""
    return _tracer.start_span(name, attributes=attributes)


def configure(env_file: str | Path | None = ".env") -> Callable[[], None]:
    """Send spans to where the standard variables say, in the environment or in `env_file`.

    Returns what sends the last ones; it may take seconds. Raises SetupError when a package is missing for it.
    """
    _into_the_environment(env_file)
    if not any(os.environ.get(name) for name in WHERE) or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SetupError(f"{WHERE[1]}: traces need two more packages: .venv/bin/pip install {PACKAGES}") from None
    os.environ.setdefault("OTEL_SERVICE_NAME", "chinwag")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def _into_the_environment(env_file: str | Path | None) -> None:
    """These libraries read the environment only; what it says itself counts more than the file."""
    for name, value in (dotenv_values(env_file) if env_file else {}).items():
        if name.startswith(STANDARD) and value:
            os.environ.setdefault(name, value)
