"""Messages over REST: post, edit, delete, read, type, and threads that start from them."""

from __future__ import annotations

from typing import Any

from tests.platforms.discord import errors
from tests.platforms.discord.content import check_files, check_parts, fill, number, read_content
from tests.platforms.discord.message import SETTABLE, Message
from tests.platforms.discord.people import (
    CREATE_THREADS,
    MANAGE_MESSAGES,
    READ_HISTORY,
    SEND,
    SEND_IN_THREADS,
    VIEW,
)
from tests.platforms.discord.places import Channel
from tests.platforms.discord.routes import (
    DELETE_MESSAGE,
    EDIT_MESSAGE,
    GET_MESSAGE,
    GET_MESSAGES,
    POST_MESSAGE,
    START_THREAD,
    THREAD_FROM_MESSAGE,
    TYPING,
    Answer,
    Request,
    handles,
)

NONCE_SECONDS = 300.0  # Discord docs, Create Message: "checked for uniqueness in the past few minutes"


def open_channel(request: Request, *, needs: int = 0) -> Channel:
    """The channel of a call, when the bot may see it and has these permissions."""
    channel = request.server.channels.get(int(request.params["channel"]))
    if channel is None:
        raise errors.unknown("Channel")
    has = channel.permissions(request.server.bot)
    if not has & VIEW:
        raise errors.missing_access()
    if needs & ~has:
        raise errors.missing_permissions()
    return channel


def may_send(request: Request) -> Channel:
    channel = open_channel(request)
    if channel.closed:
        raise errors.cannot_message_user()
    return open_channel(request, needs=SEND_IN_THREADS if channel.is_thread else SEND)


def find_message(request: Request, channel: Channel) -> Message:
    message = channel.find(request.params["message"])
    if message is None or message.ephemeral:
        raise errors.unknown("Message")
    return message


def show(request: Request, message: Message) -> dict[str, Any]:
    return message.as_json(content=request.server.gets_content)


@handles(POST_MESSAGE)
async def post(request: Request) -> Answer:
    channel = may_send(request)
    body = request.json
    content = read_content(body, request.server.rules) or ""
    check_parts(body)
    check_files(request.files)
    if not (content or body.get("embeds") or body.get("components") or request.files):
        raise errors.empty_message()
    if body.get("message_reference") and not channel.permissions(request.server.bot) & READ_HISTORY:
        raise errors.cannot_reply()
    reply_to = _reply(body, channel)
    if (known := _same_nonce(request)) is not None:
        return 200, show(request, request.touch(known))
    more: dict[str, Any] = {"reply_to": reply_to, "kind": 19 if reply_to else 0, "nonce": body.get("nonce")}
    more |= {"embeds": list(body.get("embeds") or []), "components": number(list(body.get("components") or []))}
    more |= {"files": request.files, "flags": int(body.get("flags") or 0) & SETTABLE & ~64}
    message = channel.add(request.server.bot, content, allowed=body.get("allowed_mentions"), **more)
    if body.get("nonce") is not None:
        request.server.nonces[str(body["nonce"])] = message
    return 200, show(request, request.touch(message))


def _same_nonce(request: Request) -> Message | None:
    nonce = request.json.get("nonce")
    if nonce is None or not request.json.get("enforce_nonce"):
        return None
    known = request.server.nonces.get(str(nonce))
    fresh = known is not None and request.server.clock() - known.created < NONCE_SECONDS
    return known if fresh else None


def _reply(body: dict[str, Any], channel: Channel) -> Message | None:
    reference = body.get("message_reference")
    if not reference:
        return None
    if "message_id" not in reference:
        raise errors.required("message_reference.message_id")
    place = reference.get("channel_id")
    found = channel.find(reference["message_id"]) if place is None or int(place) == channel.id else None
    if found is None and reference.get("fail_if_not_exists", True):
        raise errors.invalid("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
    return found


@handles(EDIT_MESSAGE)
async def edit(request: Request) -> Answer:
    channel = open_channel(request)
    message = find_message(request, channel)
    if message.author is not request.server.bot:
        raise errors.not_the_author()
    return 200, show(request, revise(request, message))


def revise(request: Request, message: Message, *, webhook: bool = False) -> Message:
    """Apply the body of an edit. An edit without allowed_mentions is read with the default allowances."""
    body = request.json
    content = read_content(body, request.server.rules)
    check_parts(body)
    check_files(request.files)
    text = (content or "") if "content" in body else message.content
    embeds = body.get("embeds", message.embeds)
    components = body.get("components", message.components)
    attached = request.files or (message.files and body.get("attachments", True))
    if not (text or embeds or components or attached):
        raise errors.empty_message()
    fill(message, request)
    message.channel.revise(message, text, allowed=body.get("allowed_mentions"), webhook=webhook)
    return request.touch(message)


@handles(DELETE_MESSAGE)
async def delete(request: Request) -> Answer:
    channel = open_channel(request)
    message = find_message(request, channel)
    if message.author is not request.server.bot:
        if channel.guild is None:
            raise errors.ApiError(403, 50003, "Cannot execute action on a DM channel")
        open_channel(request, needs=MANAGE_MESSAGES)
    channel.remove(request.touch(message))
    return 204, None


@handles(GET_MESSAGE)
async def get(request: Request) -> Answer:
    channel = open_channel(request, needs=READ_HISTORY)
    return 200, show(request, find_message(request, channel))


@handles(GET_MESSAGES)
async def history(request: Request) -> Answer:
    """Newest first, whatever was asked (Discord docs, Get Channel Messages)."""
    channel = open_channel(request)
    limit = int(request.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise errors.invalid("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    found = [message for message in channel.messages if not message.ephemeral]
    if not channel.permissions(request.server.bot) & READ_HISTORY:
        found = []
    if "after" in request.query:
        found = [message for message in found if message.id > int(request.query["after"])][:limit]
    elif "before" in request.query:
        found = [message for message in found if message.id < int(request.query["before"])]
    return 200, [show(request, message) for message in reversed(found[-limit:])]


@handles(TYPING)
async def typing(request: Request) -> Answer:
    channel = may_send(request)
    channel.note(request.server.bot.name, "typing")
    return 204, None


@handles(THREAD_FROM_MESSAGE)
async def thread_from_message(request: Request) -> Answer:
    channel = open_channel(request, needs=CREATE_THREADS)
    message = find_message(request, channel)
    if message.thread is not None:
        raise errors.ApiError(400, 160004, "A thread has already been created for this message")
    thread = request.server.add_thread(channel, _thread_name(request), request.server.bot, message)
    return 201, thread.as_json()


@handles(START_THREAD)
async def start_thread(request: Request) -> Answer:
    channel = open_channel(request, needs=CREATE_THREADS)
    thread = request.server.add_thread(channel, _thread_name(request), request.server.bot, None)
    return 201, thread.as_json()


def _thread_name(request: Request) -> str:
    name = request.json.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise errors.bad_length("name", 1, 100)
    if request.json.get("auto_archive_duration", 1440) not in {60, 1440, 4320, 10080}:
        raise errors.bad_choice("auto_archive_duration", (60, 1440, 4320, 10080))
    return name
