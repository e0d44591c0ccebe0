"""The Bot API methods that put something on a screen, change it or take it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.platforms.telegram.entities import (
    CAPTION_LIMIT,
    TEXT_LIMIT,
    Entity,
    check_bytes,
    fix_text,
    message_text,
    utf16,
)
from tests.platforms.telegram.markup import check_markup
from tests.platforms.telegram.parse_mode import parse
from tests.platforms.telegram.rejected import Rejected
from tests.platforms.telegram.screen import Draft

if TYPE_CHECKING:
    from tests.platforms.telegram.chats import Chat
    from tests.platforms.telegram.messages import Message
    from tests.platforms.telegram.server import TelegramServer

Params = dict[str, Any]
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content"
    " and reply markup of the message"
)
ACTIONS = set(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)
VARIATION = "\ufe0f"  # clients send the emoji with and without it
EMOJI = """
👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌
🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓
🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡
🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀
😡
"""
REACTIONS = {emoji.replace(VARIATION, "") for emoji in EMOJI.split()}  # Bot API ReactionTypeEmoji


def send_message(server: TelegramServer, p: Params) -> Any:
    text, entities = _text(server, p, "message is too long")
    return _post(server, p, text, entities)


def send_document(server: TelegramServer, p: Params) -> Any:
    raw, marks = _parsed(p, "caption")
    caption, entities = fix_text(raw, marks, set(server.users))
    if utf16(caption) > CAPTION_LIMIT:
        raise Rejected("message caption is too long")
    file = _file(server, p)
    media = {"document": {**file.as_json(), "file_name": file.path.split("-", 1)[1]}}
    return _post(server, p, caption, entities, media=media)


def edit_message_text(server: TelegramServer, p: Params) -> Any:
    text, entities = _text(server, p, "MESSAGE_TOO_LONG")
    markup = check_markup(p.get("reply_markup"))
    chat, message = _own_message(server, p)
    if message.media:
        raise Rejected("there is no text in the message to edit")
    server.limits.write(chat.id)
    if (text, entities, markup) == (message.text, message.entities, message.markup):
        raise Rejected(NOT_MODIFIED)
    message.markup = markup
    chat.change(message, text, entities)
    return message.as_json()


def edit_message_reply_markup(server: TelegramServer, p: Params) -> Any:
    markup = check_markup(p.get("reply_markup"))
    chat, message = _own_message(server, p)
    server.limits.write(chat.id)
    if markup == message.markup:
        raise Rejected(NOT_MODIFIED)
    message.markup = markup
    message.edited = int(server.unix())
    chat.note("buttons", message, ", ".join(label for label, _ in message.buttons))
    return message.as_json()


def delete_message(server: TelegramServer, p: Params) -> Any:
    chat = server.open_chat(p)
    message = chat.find(p.get("message_id"))
    if message is None:
        raise Rejected("message to delete not found")
    if not _deletable(chat, message):
        raise Rejected("message can't be deleted")
    chat.take_away(message)
    return True


def delete_messages(server: TelegramServer, p: Params) -> Any:
    """Those that cannot be found or deleted are skipped (Bot API: deleteMessages)."""
    chat = server.open_chat(p)
    ids = p.get("message_ids") or []
    if not 1 <= len(ids) <= 100:
        raise Rejected("message identifiers are not specified" if not ids else "too many messages to delete")
    for message in filter(None, map(chat.find, ids)):
        if _deletable(chat, message):
            chat.take_away(message)
    return True


def send_chat_action(server: TelegramServer, p: Params) -> Any:
    chat = server.open_chat(p)
    if p.get("action") not in ACTIONS:
        raise Rejected("wrong parameter action in request")
    thread = p.get("message_thread_id")
    if not (chat.forum and thread == 1):  # General: an action takes 1, a message does not
        chat.check_thread(thread)
    server.limits.draft(chat.id)
    chat.act(p["action"], thread)
    return True


def send_message_draft(server: TelegramServer, p: Params) -> Any:
    """Empty text is the "Thinking…" placeholder. Wordings are assumed, but for that of groups."""
    chat = server.open_chat(p)
    if not p.get("draft_id"):
        raise Rejected("DRAFT_ID_INVALID")
    if chat.kind != "private":
        raise Rejected("TEXTDRAFT_PEER_INVALID")
    raw, marks = _parsed(p, "text")
    check_bytes(raw)
    text, _ = fix_text(raw, marks, set(server.users))
    if utf16(text) > TEXT_LIMIT:
        raise Rejected("message is too long")
    chat.check_thread(p.get("message_thread_id"))
    server.limits.draft(chat.id)
    chat.show_draft(Draft(p["draft_id"], text, server.clock(), p.get("message_thread_id")))
    return True


def set_message_reaction(server: TelegramServer, p: Params) -> Any:
    chat = server.open_chat(p)
    message = chat.find(p.get("message_id"))
    if message is None:
        raise Rejected("message to react not found")
    reactions = p.get("reaction") or []
    if len(reactions) > 1:
        raise Rejected("REACTIONS_TOO_MANY")
    if any(r.get("emoji", "").replace(VARIATION, "") not in REACTIONS for r in reactions if r.get("type") == "emoji"):
        raise Rejected("REACTION_INVALID")
    message.reactions = reactions
    chat.note("react", message, " ".join(r.get("emoji", "?") for r in reactions))
    return True


def _post(server: TelegramServer, p: Params, text: str, entities: list[Entity], **content: Any) -> Any:
    markup = check_markup(p.get("reply_markup"))
    chat = server.open_chat(p)
    chat.check_thread(p.get("message_thread_id"))
    target = _target(chat, p)
    server.limits.write(chat.id)
    thread = p.get("message_thread_id") or (chat.thread_of(target) if target else None)
    place = {"reply_to": target.id if target else None, "thread": thread}
    return chat.add(server.bot, text, entities=entities, markup=markup, **place, **content).as_json()


def _target(chat: Chat, p: Params) -> Message | None:
    """The message that is replied to."""
    reply = p.get("reply_parameters") or {}
    if not reply and "reply_to_message_id" not in p:
        return None
    if reply and "message_id" not in reply:
        raise Rejected('can\'t find field "message_id"')
    target = chat.find(int(reply.get("message_id") or p["reply_to_message_id"]))
    if target is None and not reply.get("allow_sending_without_reply"):
        raise Rejected("message to be replied not found")
    return target


def _own_message(server: TelegramServer, p: Params) -> tuple[Chat, Message]:
    """The bot's message that shall be edited."""
    chat = server.open_chat(p)
    if not p.get("message_id"):
        raise Rejected("message identifier is not specified")
    message = chat.find(p["message_id"])
    if message is None:
        raise Rejected("message to edit not found")
    if not message.from_bot:
        raise Rejected("message can't be edited")
    return chat, message


def _deletable(chat: Chat, message: Message) -> bool:
    """Bot API deleteMessage: own messages, everything in a private chat, in groups other people's only as an admin."""
    return message.from_bot or chat.kind == "private" or chat.bot_status() == "administrator"


def _text(server: TelegramServer, p: Params, too_long: str) -> tuple[str, list[Entity]]:
    text, entities = _parsed(p, "text")
    return message_text(text, entities, set(server.users), too_long)


def _parsed(p: Params, field: str) -> tuple[str, list[Entity]]:
    text = str(p.get(field) or "")
    if p.get("parse_mode"):
        check_bytes(text)
        return parse(text, p["parse_mode"])
    return text, p.get("entities" if field == "text" else "caption_entities") or []


def _file(server: TelegramServer, p: Params) -> Any:
    given = p.get("document")
    if isinstance(given, str) and given.startswith("attach://"):
        given = p.get(given.removeprefix("attach://"))
    if isinstance(given, dict):
        if not given["data"]:
            raise Rejected("file must be non-empty")
        return server.files.add("documents", given["filename"] or "document", given["data"])
    if not given:
        raise Rejected("there is no document in the request")
    if given not in server.files.stored:
        raise Rejected("wrong file identifier/HTTP URL specified")
    return server.files.stored[given]


METHODS = {
    "sendmessage": send_message,
    "senddocument": send_document,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "sendchataction": send_chat_action,
    "sendmessagedraft": send_message_draft,
    "setmessagereaction": set_message_reaction,
}
