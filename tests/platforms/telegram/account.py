"""The Bot API methods about the bot itself, its commands, chats, members, files and callback queries."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.platforms.telegram.chats import CALLBACK_SECONDS
from tests.platforms.telegram.rejected import Rejected

if TYPE_CHECKING:
    from tests.platforms.telegram.server import TelegramServer

Params = dict[str, Any]
COMMANDS, NAME, DESCRIPTION = 100, 32, 256  # Bot API BotCommand, setMyCommands
DESCRIPTIONS = {"description": 512, "short_description": 120}  # Bot API setMyDescription, setMyShortDescription
DOWNLOAD_BYTES = 20 * 1024 * 1024  # Bot API getFile
SCOPES = set(
    [
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    ]
)


def get_me(server: TelegramServer, p: Params) -> Any:
    rights = {"can_join_groups": True, "can_read_all_group_messages": not server.privacy}
    more = dict.fromkeys(("supports_inline_queries", "can_connect_to_business", "has_main_web_app"), False)
    return server.bot.as_json() | rights | more


def set_my_commands(server: TelegramServer, p: Params) -> Any:
    key = _list_key(server, p)
    commands = [_command(command) for command in p.get("commands") or []]
    if len(commands) > COMMANDS:
        raise Rejected("BOT_COMMANDS_TOO_MUCH")
    server.commands[key] = commands
    return True


def get_my_commands(server: TelegramServer, p: Params) -> Any:
    return server.commands.get(_list_key(server, p), [])


def delete_my_commands(server: TelegramServer, p: Params) -> Any:
    server.commands.pop(_list_key(server, p), None)
    return True


def _list_key(server: TelegramServer, p: Params) -> tuple[str, str]:
    """(scope, language): a scope is its type, or its JSON when it names a chat."""
    scope, language = p.get("scope") or {"type": "default"}, p.get("language_code") or ""
    if scope.get("type") not in SCOPES:
        raise Rejected("can't parse BotCommandScope: Unsupported type specified")
    if language and not re.fullmatch("[a-z]{2}", language):
        raise Rejected("invalid language code specified")
    if "chat_id" in scope:
        server.chat({"chat_id": scope["chat_id"]})
    return (scope["type"] if len(scope) == 1 else json.dumps(scope, sort_keys=True)), language


def _command(command: dict[str, Any]) -> dict[str, str]:
    name, text = str(command.get("command", "")).strip().removeprefix("/"), str(command.get("description", "")).strip()
    for what, value, most in (("command", name, NAME), ("command description", text, DESCRIPTION)):
        if not value:
            raise Rejected(f"{what} must be non-empty")
        if len(value) > most:
            raise Rejected(f"{what} length must not exceed {most}")
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise Rejected("BOT_COMMAND_INVALID")
    return {"command": name, "description": text}


def set_my_description(server: TelegramServer, p: Params) -> Any:
    return _describe(server, p, "description", "DESCRIPTION_TOO_LONG")


def set_my_short_description(server: TelegramServer, p: Params) -> Any:
    return _describe(server, p, "short_description", "ABOUT_TOO_LONG")


def _describe(server: TelegramServer, p: Params, field: str, too_long: str) -> Any:
    """The wording for too long a text is assumed."""
    text = str(p.get(field) or "")
    if len(text) > DESCRIPTIONS[field]:
        raise Rejected(too_long)
    server.descriptions[field, p.get("language_code") or ""] = text
    return True


def get_my_description(server: TelegramServer, p: Params) -> Any:
    return {"description": server.descriptions.get(("description", p.get("language_code") or ""), "")}


def get_my_short_description(server: TelegramServer, p: Params) -> Any:
    return {"short_description": server.descriptions.get(("short_description", p.get("language_code") or ""), "")}


def answer_callback_query(server: TelegramServer, p: Params) -> Any:
    press = server.presses.get(str(p.get("callback_query_id")))
    if press is None or press.answer is not None or server.clock() - press.time > CALLBACK_SECONDS:
        raise Rejected("query is too old and response timeout expired or query ID is invalid")
    if len(p.get("text") or "") > 200:  # Bot API answerCallbackQuery
        raise Rejected("MESSAGE_TOO_LONG")
    press.answer = {key: p[key] for key in ("text", "show_alert", "url", "cache_time") if key in p}
    server.bell.ring()
    return True


def get_chat(server: TelegramServer, p: Params) -> Any:
    chat = server.open_chat(p)
    gifts = ["unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"]
    needed = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, True)}
    return chat.as_json() | needed


def get_chat_member(server: TelegramServer, p: Params) -> Any:
    chat, user = server.open_chat(p), server.users.get(p.get("user_id") or 0)
    if user is None:
        raise Rejected("PARTICIPANT_ID_INVALID" if chat.kind != "private" else "member not found")
    return server.member_json(chat.members.get(user.id, "left"), user)


def get_chat_administrators(server: TelegramServer, p: Params) -> Any:
    chat = server.open_chat(p)
    if chat.kind == "private":
        raise Rejected("there are no administrators in the private chat")
    ruling = {id: status for id, status in chat.members.items() if status in ("creator", "administrator")}
    return [server.member_json(status, server.users[id]) for id, status in ruling.items()]


def get_file(server: TelegramServer, p: Params) -> Any:
    file = server.files.stored.get(str(p.get("file_id")))
    if file is None:
        raise Rejected("wrong file_id or the file is temporarily unavailable")
    if len(file.data) > DOWNLOAD_BYTES:
        raise Rejected("file is too big")
    return file.as_json() | {"file_path": file.path}


METHODS = {
    "getme": get_me,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    "setmydescription": set_my_description,
    "getmydescription": get_my_description,
    "setmyshortdescription": set_my_short_description,
    "getmyshortdescription": get_my_short_description,
    "answercallbackquery": answer_callback_query,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "getchatadministrators": get_chat_administrators,
    "getfile": get_file,
}
