"""Answering interactions over REST: the callback, the original response, follow-ups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.platforms.discord import errors
from tests.platforms.discord.api_messages import revise
from tests.platforms.discord.commands import check_choices
from tests.platforms.discord.content import check_files, check_parts, number, read_content
from tests.platforms.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction
from tests.platforms.discord.message import EPHEMERAL, LOADING, SETTABLE, Message
from tests.platforms.discord.routes import (
    CALLBACK,
    DELETE_RESPONSE,
    EDIT_RESPONSE,
    FOLLOW_UP,
    GET_RESPONSE,
    Answer,
    Request,
    handles,
)

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
ALLOWED = {
    COMMAND: {MESSAGE, DEFERRED, FORM},
    COMPONENT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, FORM},
    AUTOCOMPLETE: {CHOICES},
    MODAL: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE},
}


@handles(CALLBACK)
async def callback(request: Request) -> Answer:
    interaction = request.server.interactions.by_token.get(request.params["token"])
    if interaction is None or interaction.id != int(request.params["interaction"]):
        raise errors.unknown("interaction")
    if interaction.acked:
        raise errors.already_acknowledged()
    if interaction.failed:
        raise errors.unknown("interaction")
    kind = request.json.get("type") if isinstance(request.json, dict) else None
    if kind not in ALLOWED[interaction.type]:
        raise errors.bad_choice("type", tuple(sorted(ALLOWED[interaction.type])))
    data = request.json.get("data") or {}
    ANSWERS[kind](request, interaction, data)
    interaction.acked, interaction.acked_at = kind, request.server.clock()
    request.server.changes.notify()
    if request.query.get("with_response", "").lower() not in {"1", "true"}:
        return 204, None
    return 200, _with_response(interaction, kind)


def _with_response(interaction: Interaction, kind: int) -> dict[str, Any]:
    body: dict[str, Any] = {"id": str(interaction.id), "type": interaction.type}
    response = interaction.response
    if response is None:
        return {"interaction": body}
    body["response_message_id"] = str(response.id)
    body["response_message_loading"] = response.loading
    body["response_message_ephemeral"] = response.ephemeral
    if kind not in {MESSAGE, UPDATE}:
        return {"interaction": body}
    return {"interaction": body, "resource": {"type": kind, "message": response.as_json()}}


def _message(request: Request, interaction: Interaction, data: dict[str, Any]) -> None:
    interaction.response = _add(request, interaction, data)


def _deferred(request: Request, interaction: Interaction, data: dict[str, Any]) -> None:
    flags = LOADING | int(data.get("flags") or 0) & EPHEMERAL
    interaction.response = request.touch(_put(interaction, "", flags=flags))


def _deferred_update(request: Request, interaction: Interaction, data: dict[str, Any]) -> None:
    interaction.response = interaction.message


def _update(request: Request, interaction: Interaction, data: dict[str, Any]) -> None:
    if interaction.message is None or interaction.message.deleted is not None:
        raise errors.unknown("Message")
    request.json = data
    interaction.response = revise(request, interaction.message, webhook=True)


def _choices(request: Request, interaction: Interaction, data: dict[str, Any]) -> None:
    option = next(_focused(interaction.data["options"]))
    check_choices("data.choices", data.get("choices") or [], option["type"])
    interaction.choices = data.get("choices") or []


def _focused(options: list[dict[str, Any]]) -> Any:
    for option in options:
        if option.get("focused"):
            yield option
        yield from _focused(option.get("options") or [])


def _form(request: Request, interaction: Interaction, data: dict[str, Any]) -> None:
    if not 1 <= len(data.get("title") or "") <= 45:
        raise errors.bad_length("data.title", 1, 45)
    if not 1 <= len(data.get("custom_id") or "") <= 100:
        raise errors.bad_length("data.custom_id", 1, 100)
    if not 1 <= len(data.get("components") or []) <= 5:
        raise errors.bad_length("data.components", 1, 5)
    interaction.form = data


ANSWERS: dict[int, Callable[[Request, Interaction, dict[str, Any]], None]] = {
    MESSAGE: _message,
    DEFERRED: _deferred,
    DEFERRED_UPDATE: _deferred_update,
    UPDATE: _update,
    CHOICES: _choices,
    FORM: _form,
}


def _add(request: Request, interaction: Interaction, body: dict[str, Any]) -> Message:
    content = read_content(body, request.server.rules) or ""
    check_parts(body)
    check_files(request.files)
    if not (content or body.get("embeds") or body.get("components") or request.files):
        raise errors.empty_message()
    more = {"embeds": list(body.get("embeds") or []), "components": number(list(body.get("components") or []))}
    flags = int(body.get("flags") or 0) & SETTABLE
    allowed = body.get("allowed_mentions")
    return request.touch(_put(interaction, content, flags=flags, allowed=allowed, files=request.files, **more))


def _put(interaction: Interaction, content: str, **more: Any) -> Message:
    bot = interaction.server.bot
    first = interaction.response is None and interaction.type == COMMAND
    return interaction.channel.add(bot, content, webhook=True, interaction=interaction, kind=20 if first else 0, **more)


def find_interaction(request: Request) -> Interaction:
    """By its token. 50027 once it has run out, 10015 before the callback (seen in discord-api-docs issue 7220)."""
    interaction = request.server.interactions.by_token.get(request.params["token"])
    if interaction is None or int(request.params["application"]) != request.server.bot.id:
        raise errors.unknown("Webhook")
    if interaction.expired:
        raise errors.token_expired()
    if not interaction.acked:
        raise errors.unknown("Webhook")
    return interaction


@handles(FOLLOW_UP)
async def follow_up(request: Request) -> Answer:
    """The first one after a deferred answer fills that answer in; its visibility stays (discord-api-docs PR 7091)."""
    interaction = find_interaction(request)
    response = interaction.response
    if response is not None and response.loading:
        if response.deleted is not None:
            raise errors.unknown("Message")
        return 200, revise(request, response, webhook=True).as_json()
    message = _add(request, interaction, request.json)
    interaction.follow_ups.append(message)
    request.server.changes.notify()
    return 200, message.as_json()


def _target(request: Request) -> Message:
    interaction = find_interaction(request)
    target = request.params["target"]
    mine = [message for message in (interaction.response, *interaction.follow_ups) if message is not None]
    found = interaction.response if target == "@original" else next((m for m in mine if str(m.id) == target), None)
    if found is None or found.deleted is not None:
        raise errors.unknown("Message")
    return found


@handles(GET_RESPONSE)
async def get_response(request: Request) -> Answer:
    return 200, _target(request).as_json()


@handles(EDIT_RESPONSE)
async def edit_response(request: Request) -> Answer:
    return 200, revise(request, _target(request), webhook=True).as_json()


@handles(DELETE_RESPONSE)
async def delete_response(request: Request) -> Answer:
    message = request.touch(_target(request))
    message.channel.remove(message)
    return 204, None
