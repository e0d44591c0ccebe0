"""Log lines: for people and for machines, with the turn's id, and never with a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from core.observe import log

SECRET = 'sk-"quoted"-\\-secret'


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root, secrets = logging.getLogger(), set(log._secrets)
    handlers, level = root.handlers[:], root.level
    log._secrets = set()
    yield
    root.handlers[:], log._secrets = handlers, secrets
    root.setLevel(level)
    structlog.reset_defaults()


def written(form: str) -> str:
    stream = io.StringIO()
    log.configure("info", form, secrets=[SECRET], stream=stream)
    with structlog.contextvars.bound_contextvars(turn="2a"):
        try:
            raise ValueError(f"no good: {SECRET}")
        except ValueError:
            log.get_logger("x").exception("it failed 字", key=SECRET, number=3)
        logging.getLogger("somebody.else").warning("with %s", SECRET)
    return stream.getvalue()


def test_json_is_an_object_a_line_with_the_turn() -> None:
    first, second = map(json.loads, written("json").splitlines())
    assert (first["event"], first["turn"], first["level"], first["number"]) == ("it failed 字", "2a", "error", 3)
    assert "ValueError: no good" in first["exception"]
    assert (second["event"], second["turn"]) == ("with ***", "2a")
    assert first["timestamp"].endswith("Z")


def test_text_is_for_people() -> None:
    text = written("text")
    assert "it failed 字" in text
    assert "turn=2a" in text
    assert "ValueError: no good" in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_written_in_any_form(form: str) -> None:
    text = written(form)
    assert "***" in text
    assert "secret" not in text
