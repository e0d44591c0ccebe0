"""The chat page: Chinwag in a browser, with nothing to install and no account anywhere."""

from bots.web.bot import WebBot

__all__ = ["WebBot"]
