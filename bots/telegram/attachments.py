"""What came with a message besides words, called by words that a user knows."""

from __future__ import annotations

from telegram import Message

from core.types import Attachment

# Telegram's field, and what people call it. A GIF also fills `document`, a venue also `location`: the first one counts.
KINDS = {
    "photo": "photo",
    "voice": "voice message",
    "video_note": "video message",
    "animation": "GIF",
    "video": "video",
    "audio": "audio",
    "sticker": "sticker",
    "document": "file",
    "venue": "place",
    "location": "location",
    "contact": "contact",
    "poll": "poll",
    "dice": "dice",
    "game": "game",
    "story": "story",
    "checklist": "checklist",
    "paid_media": "paid media",
}
_NAMES = ("file_name", "title", "question", "first_name", "emoji")


def attachments(message: Message) -> tuple[Attachment, ...]:
    """At most one: Telegram sends each picture of an album as a message of its own."""
    for field, kind in KINDS.items():
        thing = getattr(message, field)
        if thing:
            return (_attachment(kind, thing),)
    return ()


def _attachment(kind: str, thing: object) -> Attachment:
    largest = thing[-1] if isinstance(thing, tuple) else thing  # a photo comes in several sizes
    name = next((value for field in _NAMES if isinstance(value := getattr(largest, field, None), str)), "")
    size = getattr(largest, "file_size", None)
    return Attachment(kind, name, size if isinstance(size, int) else 0)
