"""Buttons as Discord has them: a row of components, and the interaction that a press sends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import discord

from bots.discord.inline import escaped
from core.observe.log import get_logger
from core.surface import Action, Pressed

log = get_logger(__name__)

# https://discord.com/developers/docs/components/reference#button
ROW, BUTTON, SECONDARY = 1, 2, 2
ANSWER_WITHIN = 2.0  # seconds; Discord shows "This interaction failed" after 3
FAILED = (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError)

Interaction = discord.Interaction[discord.Client]


def row_of(actions: Sequence[Action]) -> list[dict[str, Any]]:
    """The components of a message with these buttons."""
    buttons = [{"type": BUTTON, "style": SECONDARY, "label": a.label, "custom_id": a.data} for a in actions]
    return [{"type": ROW, "components": buttons}] if buttons else []


async def answer(interaction: Interaction, press: Callable[[], Awaitable[Pressed]]) -> None:
    """Do what the button says and acknowledge it in time; only the presser reads why something was not done."""
    pressing = asyncio.create_task(_tried(press))
    await asyncio.wait({pressing}, timeout=ANSWER_WITHIN)
    try:
        if not pressing.done() or pressing.result().done:
            await interaction.response.defer()  # nothing to see: the message itself shows what happens
        if not (pressed := await pressing).done:
            await _say(interaction, pressed.text)
    except FAILED as error:
        log.warning("a press could not be acknowledged", id=str(interaction.id), error=str(error))
        await pressing


async def _tried(press: Callable[[], Awaitable[Pressed]]) -> Pressed:
    try:
        return await press()
    except Exception:
        log.exception("a press could not be taken")
        return Pressed("Something went wrong. Please press once more.")


async def _say(interaction: Interaction, text: str) -> None:
    text = escaped(text)  # it may name who asked, in words of their own choice
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True, wait=True)
    else:
        await interaction.response.send_message(text, ephemeral=True)
