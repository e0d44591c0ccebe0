"""What every text goes through on its way into a database, so that no text at all can make a write fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from core.store.database import Value


def clean(text: str) -> str:
    """The text as any database can keep it: halves of an emoji joined, a stray half or a NUL turned into U+FFFD.

    PostgreSQL takes no NUL, SQLite's own functions end at one, and neither takes a lone surrogate.
    """
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def bind(params: Mapping[str, Value]) -> dict[str, Value]:
    """The parameters of a statement, with every text cleaned."""
    return {name: clean(value) if isinstance(value, str) else value for name, value in params.items()}


def to_json(value: Any) -> str:
    """JSON of plain data, with every text in it cleaned."""
    return orjson.dumps(_cleaned(value)).decode()


def from_json(text: str) -> Any:
    return orjson.loads(text)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {name: _cleaned(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(part) for part in value]
    return value
