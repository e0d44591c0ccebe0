"""Telegram's updates as the core's messages, as a table: what is taken, what is ignored, and as what."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Update

from bots.telegram.incoming import Me, read
from core.types import Address, Attachment, Author, Incoming

ME = Me(42, "chin_bot")
ADA = {"id": 7, "is_bot": False, "first_name": "Ada", "last_name": "L", "language_code": "de"}
BOT = {"id": 42, "is_bot": True, "first_name": "Chinwag", "username": "chin_bot"}
OTHER_BOT = {"id": 43, "is_bot": True, "first_name": "Other", "username": "other_bot"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Ada"}
GROUP = {"id": -5, "type": "group", "title": "G"}
SUPER = {"id": -1005, "type": "supergroup", "title": "S"}
FORUM = {**SUPER, "is_forum": True}
FILE = {"file_id": "f", "file_unique_id": "u"}


def message(text: str | None = None, chat: dict[str, Any] = PRIVATE, **more: Any) -> dict[str, Any]:
    body = {"message_id": 11, "date": 1_800_000_000, "chat": chat, "from": ADA, **more}
    return body | ({"text": text} if text is not None else {})


def taken(body: dict[str, Any], kind: str = "message") -> Incoming | None:
    return read(Update.de_json({"update_id": 900, kind: body}, None), ME)


def marks(text: str, *words: str, kind: str = "mention") -> list[dict[str, Any]]:
    """Entities over these words, counted in UTF-16."""
    starts = [(word, len(text[: text.index(word)].encode("utf-16-le")) // 2) for word in words]
    return [{"type": kind, "offset": at, "length": len(word.encode("utf-16-le")) // 2} for word, at in starts]


def mentioning(text: str, chat: dict[str, Any] = SUPER, **more: Any) -> dict[str, Any]:
    name = next(word for word in ("@chin_bot", "@CHIN_bot") if word in text)
    return message(text, chat, entities=marks(text, name), **more)


def reply(target: dict[str, Any]) -> dict[str, Any]:
    return {"reply_to_message": {"message_id": 10, "date": 1, "chat": SUPER, "text": "x", **target}}


def test_a_private_message_in_full() -> None:
    assert taken(message("Hello ")) == Incoming(
        event="900",
        address=Address("telegram", "42", "7", private=True, reply_to="11"),
        author=Author("telegram", "7", "Ada L", "de"),
        text="Hello",
        sent=1_800_000_000.0,
    )


def test_a_group_message_in_full() -> None:
    incoming = taken(mentioning("@chin_bot hi"))
    assert incoming is not None
    assert incoming.address == Address("telegram", "42", "-1005", private=False, space="-1005", reply_to="11")
    assert incoming.text == "hi"


TEXTS = [
    # in private everything counts, and a name stays what it is: a word
    (message("what is @chin_bot?", entities=marks("what is @chin_bot?", "@chin_bot")), "what is @chin_bot?"),
    (message("/role pirate"), "/role pirate"),
    (message("/Help@CHIN_bot me"), "/Help me"),
    (message("/etc/passwd is what?"), "/etc/passwd is what?"),
    # in groups: mentioned
    (mentioning("@chin_bot: why?"), "why?"),
    (mentioning("hey @chin_bot, why?"), "hey, why?"),
    (mentioning("tell @chin_bot   the rest"), "tell the rest"),
    (mentioning("why? @CHIN_bot"), "why?"),
    (mentioning("😀😀 @chin_bot 😀"), "😀😀 😀"),
    (mentioning("@chin_bot\nline\n  two"), "line\n  two"),
    (mentioning("@chin_bot /new"), "/new"),
    (mentioning("@chin_bot hi", GROUP), "hi"),
    (mentioning("@chin_bot"), "/start"),
    (
        message("Chin please", SUPER, entities=[{"type": "text_mention", "offset": 0, "length": 4, "user": BOT}]),
        "please",
    ),
    # in groups: commanded
    (message("/new", SUPER), "/new"),
    (message("/new@chin_bot now", SUPER), "/new now"),
    (message("/unheard@chin_bot of", SUPER), "/unheard of"),
    # in groups: replied to
    (message("and then?", SUPER, **reply({"from": BOT})), "and then?"),
]


@pytest.mark.parametrize(("body", "text"), TEXTS, ids=[repr(body["text"]) for body, _ in TEXTS])
def test_what_is_said_to_the_bot(body: dict[str, Any], text: str) -> None:
    incoming = taken(body)
    assert incoming is not None
    assert incoming.text == text
    assert incoming.attachments == ()


IGNORED = {
    "group talk": message("hello all", SUPER),
    "another bot's command": message("/new@other_bot", SUPER),
    "another bot's command in private": message("/new@other_bot"),
    "another bot's command in a reply to this one": message("/new@other_bot", SUPER, **reply({"from": BOT})),
    "a command that is not ours": message("/weather", SUPER),
    "somebody else is mentioned": message("@chin_bottle hi", SUPER, entities=marks("@chin_bottle hi", "@chin_bottle")),
    "our name without a mention": message("ask chin_bot", SUPER),
    "an e-mail address is no mention": message("a@chin_bot", SUPER, entities=[]),
    "a reply to a person": message("yes", SUPER, **reply({"from": ADA})),
    "a reply to another bot": message("yes", SUPER, **reply({"from": OTHER_BOT})),
    "a topic that the bot opened": message(
        "yes", FORUM, **reply({"from": BOT, "forum_topic_created": {"name": "T", "icon_color": 1}})
    ),
    "another bot": {**message("@chin_bot hi", SUPER), "from": OTHER_BOT},
    "nobody": {key: value for key, value in message("hi").items() if key != "from"},
    "a channel's post in its discussion group": message("@chin_bot hi", SUPER, is_automatic_forward=True),
    "a service message": message(None, SUPER, new_chat_members=[BOT]),
    "a migration": message(None, GROUP, migrate_to_chat_id=-1005),
    "a pinned message": message(None, PRIVATE, pinned_message=message("old")),
    "a photo in a group": message(None, SUPER, photo=[{**FILE, "width": 1, "height": 1}]),
}


@pytest.mark.parametrize("body", IGNORED.values(), ids=IGNORED.keys())
def test_what_is_not_for_the_bot(body: dict[str, Any]) -> None:
    assert taken(body) is None


@pytest.mark.parametrize("kind", ["channel_post", "edited_channel_post", "my_chat_member", "new_in_11"])
def test_other_updates_are_ignored(kind: str) -> None:
    change = {"status": "member", "user": BOT}
    extra = {"old_chat_member": change, "new_chat_member": change} if kind == "my_chat_member" else {}
    assert taken({**message("@chin_bot hi"), **extra}, kind) is None


THINGS: list[tuple[dict[str, Any], Attachment]] = [
    (
        {
            "photo": [
                {**FILE, "width": 9, "height": 9, "file_size": 10},
                {**FILE, "width": 90, "height": 90, "file_size": 99},
            ]
        },
        Attachment("photo", "", 99),
    ),
    ({"voice": {**FILE, "duration": 3, "file_size": 5}}, Attachment("voice message", "", 5)),
    ({"video_note": {**FILE, "duration": 3, "length": 9}}, Attachment("video message")),
    ({"video": {**FILE, "duration": 3, "width": 9, "height": 9, "file_name": "a.mp4"}}, Attachment("video", "a.mp4")),
    ({"document": {**FILE, "file_name": "notes.pdf", "file_size": 7}}, Attachment("file", "notes.pdf", 7)),
    (
        {
            "animation": {**FILE, "duration": 3, "width": 9, "height": 9, "file_name": "x.gif"},
            "document": {**FILE, "file_name": "x.gif"},
        },
        Attachment("GIF", "x.gif"),
    ),
    ({"audio": {**FILE, "duration": 3, "title": "Song"}}, Attachment("audio", "Song")),
    (
        {
            "sticker": {
                **FILE,
                "width": 9,
                "height": 9,
                "is_animated": False,
                "is_video": False,
                "type": "regular",
                "emoji": "👍",
            }
        },
        Attachment("sticker", "👍"),
    ),
    ({"location": {"longitude": 1.0, "latitude": 2.0}}, Attachment("location")),
    (
        {
            "location": {"longitude": 1.0, "latitude": 2.0},
            "venue": {"location": {"longitude": 1.0, "latitude": 2.0}, "title": "Café", "address": "1 St"},
        },
        Attachment("place", "Café"),
    ),
    ({"contact": {"phone_number": "1", "first_name": "Bob"}}, Attachment("contact", "Bob")),
    (
        {
            "poll": {
                "id": "1",
                "question": "Tea?",
                "options": [],
                "total_voter_count": 0,
                "is_closed": False,
                "is_anonymous": True,
                "type": "regular",
                "allows_multiple_answers": False,
                "allows_revoting": True,
                "members_only": False,
            }
        },
        Attachment("poll", "Tea?"),
    ),
    ({"dice": {"emoji": "🎲", "value": 3}}, Attachment("dice", "🎲")),
]


@pytest.mark.parametrize(("fields", "attachment"), THINGS, ids=[attachment.kind for _, attachment in THINGS])
def test_what_comes_besides_words(fields: dict[str, Any], attachment: Attachment) -> None:
    incoming = taken(message(None, **fields))
    assert incoming is not None
    assert (incoming.text, incoming.attachments) == ("", (attachment,))


def test_a_caption_counts_as_text_and_a_mention_in_it_as_a_mention() -> None:
    caption = "@chin_bot what is this?"
    photo = {"photo": [{**FILE, "width": 1, "height": 1}]}
    incoming = taken(message(None, SUPER, caption=caption, caption_entities=marks(caption, "@chin_bot"), **photo))
    assert incoming is not None
    assert (incoming.text, incoming.attachments) == ("what is this?", (Attachment("photo"),))


def test_only_the_name_under_a_photo_is_no_greeting() -> None:
    photo = {"photo": [{**FILE, "width": 1, "height": 1}]}
    entities = marks("@chin_bot", "@chin_bot")
    incoming = taken(message(None, SUPER, caption="@chin_bot", caption_entities=entities, **photo))
    assert incoming is not None
    assert (incoming.text, incoming.attachments) == ("", (Attachment("photo"),))


@pytest.mark.parametrize(
    ("chat", "fields", "thread"),
    [
        (FORUM, {"message_thread_id": 8, "is_topic_message": True}, "8"),
        (FORUM, {}, "1"),  # the General topic
        (FORUM, {"message_thread_id": 9}, "1"),  # a chain of replies in General
        (SUPER, {"message_thread_id": 9}, ""),  # a chain of replies is no topic
        (SUPER, {}, ""),
        (PRIVATE, {"message_thread_id": 3, "is_topic_message": True}, "3"),  # topics in private chats, Bot API 9.3
        (PRIVATE, {}, ""),
    ],
)
def test_topics(chat: dict[str, Any], fields: dict[str, Any], thread: str) -> None:
    incoming = taken(mentioning("@chin_bot hi", chat, **fields))
    assert incoming is not None
    assert incoming.address.thread == thread


RICH = {
    "blocks": [
        {"type": "heading", "size": 1, "text": "Plan"},
        {"type": "paragraph", "text": ["Ask ", {"type": "bold", "text": {"type": "italic", "text": "now"}}, "!"]},
        {"type": "pre", "text": "x = 1", "language": "py"},
        {
            "type": "list",
            "items": [
                {"label": "1.", "blocks": [{"type": "paragraph", "text": "one"}]},
                {
                    "label": "•",
                    "has_checkbox": True,
                    "is_checked": True,
                    "blocks": [{"type": "paragraph", "text": "two"}],
                },
            ],
        },
        {"type": "blockquote", "blocks": [{"type": "paragraph", "text": "said"}]},
        {
            "type": "table",
            "cells": [[{"text": "a", "align": "left"}, {"align": "left"}], [{"text": "b"}, {"text": "c"}]],
        },
        {"type": "mathematical_expression", "expression": "x^2"},
        {"type": "photo", "photo": [], "caption": {"text": "a cat"}},
        {"type": "details", "summary": "more", "blocks": [{"type": "paragraph", "text": "inside"}]},
        {"type": "divider"},
        {"type": "unheard_of", "text": {"type": "new", "text": "still read"}},
    ]
}


def test_a_rich_message_is_read_although_python_telegram_bot_does_not_know_it() -> None:
    incoming = taken(message(None, rich_message=RICH))
    assert incoming is not None
    assert incoming.text == (
        "# Plan\n\nAsk now!\n\n```py\nx = 1\n```\n\n1. one\n- [x] two\n\n> said\n\na | \nb | c\n\n$$x^2$$\n\n"
        "a cat\n\nmore\n\ninside\n\nstill read"
    )
    assert incoming.attachments == (Attachment("photo"),)


def test_an_odd_rich_message_is_read_as_far_as_it_goes() -> None:
    body = {"blocks": ["?", {"type": "paragraph", "text": [1, None, {"type": "x"}, "ok"]}, {"type": "collage"}]}
    incoming = taken(message(None, rich_message=body))
    assert incoming is not None
    assert incoming.text == "ok"


def test_a_message_in_a_chat_of_another_kind_is_ignored() -> None:
    assert taken(message("hi", {"id": -9, "type": "channel", "title": "C"})) is None


def test_a_rich_message_mentions_the_bot_by_its_text() -> None:
    body = {"blocks": [{"type": "paragraph", "text": [{"type": "mention", "text": "@chin_bot"}, " hi"]}]}
    incoming = taken(message(None, SUPER, rich_message=body))
    assert incoming is not None
    assert incoming.text == "hi"
    assert taken(message(None, SUPER, rich_message={"blocks": [{"type": "paragraph", "text": "hi"}]})) is None
