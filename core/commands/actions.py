"""The buttons under an answer: which ones it has, and what a press of one brings back."""

from __future__ import annotations

import re

from core.surface import Action
from core.types import Turn

LABELS = {"stop": "⏹ Stop", "continue": "▶️ Continue", "retry": "🔄 Retry"}
DATA = re.compile(r"(stop|continue|retry):([0-9a-f]{1,15})")  # what a press carries may be forged: a row fits SQLite


def action(name: str, row: int) -> Action:
    """The button of this name under the answer to inbox row `row`."""
    return Action(name, LABELS[name], f"{name}:{row:x}")


def read(data: str) -> tuple[str, int] | None:
    """Which button was pressed, under the answer to which row; None when it is none of ours."""
    found = DATA.fullmatch(data)
    return (found[1], int(found[2], 16)) if found else None


def live(row: int) -> tuple[Action, ...]:
    """Under an answer that is being written."""
    return (action("stop", row),)


def under(turn: Turn) -> tuple[Action, ...]:
    """Under this answer as it is now. One that ended before its end can be continued."""
    if turn.state == "open":
        return live(turn.row)
    more = turn.answer.strip() and (turn.state != "done" or turn.finish == "length")
    return (action("continue", turn.row), action("retry", turn.row)) if more else (action("retry", turn.row),)
