"""The command menu behind "/" in Telegram: the public commands of core.commands, registered when they differ."""

from __future__ import annotations

from telegram import Bot, BotCommand

from core.commands import COMMANDS


def menu() -> tuple[BotCommand, ...]:
    return tuple(BotCommand(command.name, command.summary) for command in COMMANDS if not command.admin)


async def register(bot: Bot) -> None:
    """Set the menu unless it is already this one. Raises what python-telegram-bot raises."""
    if await bot.get_my_commands() != menu():
        await bot.set_my_commands(menu())
