"""Whether a platform takes a message exactly as it was rendered."""

from __future__ import annotations

import re

from bots.telegram.entities import MOST_ENTITIES
from core.surface import Rendered
from tests.bots.said import App
from tests.platforms.telegram.entities import fix_text, utf16


def assert_taken(app: App, rendered: Rendered, limit: int) -> None:
    """The platform takes the message as it is. Telegram's own rules are those of its loopback server."""
    rendered.text.encode()
    assert rendered.size == utf16(rendered.text) <= limit
    if app.name == "telegram":
        spans = [
            {key: value for key, value in span._asdict().items() if value is not None} for span in rendered.payload
        ]
        assert len(spans) <= MOST_ENTITIES
        assert all(span["length"] > 0 for span in spans)
        assert fix_text(rendered.text, spans) == (rendered.text, spans)
    else:
        assert "```" not in re.sub(r"\\[^\w\s]|(`{3,})[\s\S]*?\1", "", rendered.text)  # every code block has its end
