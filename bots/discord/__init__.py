"""Chinwag on Discord: a thin adapter over discord.py. `bots.__main__` starts a `DiscordBot`; the core does the rest."""

from bots.discord.bot import DiscordBot

__all__ = ["DiscordBot"]
