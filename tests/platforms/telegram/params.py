"""A request's parameters as Python values: query, form, multipart and JSON bodies all look the same afterwards."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tests.platforms.telegram.rejected import Rejected

NUMBERS = [
    "message_id",
    "message_thread_id",
    "offset",
    "limit",
    "timeout",
    "draft_id",
    "user_id",
    "max_connections",
    "cache_time",
]
FLAGS = ["show_alert", "disable_notification", "drop_pending_updates", "is_big", "protect_content"]
OBJECTS = [
    "entities",
    "caption_entities",
    "reply_markup",
    "reply_parameters",
    "link_preview_options",
    "allowed_updates",
    "commands",
    "scope",
    "message_ids",
    "reaction",
]


async def read_params(request: web.Request) -> dict[str, Any]:
    """Uploaded files become {"filename", "data"}; numbers, flags and nested objects are decoded."""
    raw: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.json()
        raw |= body if isinstance(body, dict) else {}
    elif request.method == "POST":
        raw |= {key: await _value(value) for key, value in (await request.post()).items()}
    return {key: _decoded(key, value) for key, value in raw.items()}


async def _value(value: Any) -> Any:
    if isinstance(value, web.FileField):
        return {"filename": value.filename, "data": value.file.read()}
    return value


def _decoded(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if key == "chat_id":
        return int(value) if value.lstrip("-").isdigit() else value
    if key in NUMBERS:
        return int(float(value)) if value.lstrip("-").replace(".", "", 1).isdigit() else 0
    if key in FLAGS:
        return value.lower() in ("true", "1", "yes")
    return _object(key, value) if key in OBJECTS and value else value


def _object(key: str, value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        raise Rejected(f"can't parse {key.replace('_', ' ')} JSON object") from None
