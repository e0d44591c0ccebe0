"""What a person can do with "/": one table for every platform, and what each command does."""

from core.commands.table import BY_NAME, COMMANDS, Argument, Command, parse

__all__ = ["BY_NAME", "COMMANDS", "Argument", "Command", "parse"]
