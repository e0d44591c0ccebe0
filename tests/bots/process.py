"""A real process between loopback servers, with somebody who writes to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field

from tests.bots.cli import TIMEOUT, Cli, Process, said
from tests.platforms.model import Gate, ModelServer
from tests.platforms.telegram import TelegramServer
from tests.story.town import TelegramPerson

STORY = "Once upon a time there was a house that many people built together, and it never forgot a word."


@dataclass
class World:
    """A process that can be stopped and started again on its database, and somebody who writes to it."""

    cli: Cli
    telegram: TelegramServer
    model: ModelServer
    dana: TelegramPerson
    settings: dict[str, str] = field(default_factory=dict)

    async def start(self) -> Process:
        process = await self.cli.start("run", **self.settings)
        await said(process, "is running")
        return process

    async def half_an_answer(self) -> Gate:
        """Dana has asked, and reads the beginning of an answer whose rest does not come."""
        self.model.reply, gate = STORY, self.model.hold(after=8)
        await self.dana.says("Tell me a story.")
        await gate.reached(timeout=TIMEOUT)
        await self.dana.hears("Once upon")
        await self.dana.sees(self.posted, "the message's id in the database")
        return gate

    def posted(self) -> int:
        """The messages whose ids are committed: one that is killed before that posts it again."""
        with closing(sqlite3.connect(self.cli.folder / "data" / "chinwag.db")) as db:
            return int(db.execute("SELECT COUNT(*) FROM posts").fetchone()[0])
