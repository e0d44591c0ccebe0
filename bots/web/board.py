"""What is on screen but not (yet) in history: answers being written, command notices, questions that wait.

It lives in memory. A page that reloads reads it beside the turns of the store, so the same answer goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from core.surface import Action
from core.types import Turn

NOTICES = 50  # per conversation; they stay over a reload and go when there are this many newer ones
CONVERSATIONS = 500  # of which anything is remembered; the longest untouched one goes first
REMEMBERED = 200  # commands and deleted messages per conversation


@dataclass(frozen=True, slots=True)
class Message:
    """One post of the core. seq is the turn that it answers; 0 makes it a notice: a command's answer.

    rev counts its edits, so that a page can tell old news. asked: the command that a notice answers.
    actions: the buttons under it. answer: the same for all posts and edits of one answer; another takes its place.
    """

    id: str
    thread: str
    session: str
    text: str
    final: bool
    created: float
    seq: int = 0
    asked: str = ""
    rev: int = 1
    actions: tuple[Action, ...] = ()
    answer: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation of a person: `Address.chat` and `Address.thread`."""

    person: str
    thread: str


@dataclass(slots=True)
class _Conversation:
    messages: dict[str, Message] = field(default_factory=dict)
    questions: dict[str, tuple[str, float]] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)


class Board:
    """Every conversation's messages. Nothing here waits, so a slow tab cannot slow an answer."""

    def __init__(self) -> None:
        self._conversations: dict[Place, _Conversation] = {}

    def ask(self, place: Place, event: str, text: str, at: float) -> bool:
        """A question was sent; it waits until its answer begins. False for one that is sent again: nothing changes."""
        questions = self._at(place).questions
        known = event in questions
        questions.setdefault(event, (text, at))
        return not known

    def retract(self, place: Place, event: str) -> None:
        """A question could not be taken: it does not wait."""
        self._at(place).questions.pop(event, None)

    def amend(self, place: Place, event: str, text: str) -> str:
        """A question that waits was changed. Returns what it was, "" when none waits."""
        questions = self._at(place).questions
        if event not in questions:
            return ""
        before, at = questions[event]
        questions[event] = (text, at)
        return before

    def command(self, place: Place, event: str, text: str) -> None:
        """A command was sent; what answers it is a notice."""
        commands = self._at(place).commands
        commands[event] = text
        _keep(commands, REMEMBERED)

    def command_of(self, place: Place, event: str) -> str | None:
        """The text of the command with this event, None for a question or one from before a restart."""
        here = self._conversations.get(place)
        return here.commands.get(event) if here else None

    def put(self, place: Place, message: Message, event: str = "") -> None:
        """Show or replace a message. event: the question that it answers, which waits no longer."""
        here = self._at(place)
        here.messages[message.id] = message
        for asked in list(here.questions) if event in here.questions else ():
            del here.questions[asked]
            if asked == event:
                break
        notices = [m.id for m in here.messages.values() if not m.seq]
        for id in notices[:-NOTICES]:
            del here.messages[id]

    def get(self, place: Place, id: str) -> Message | None:
        here = self._conversations.get(place)
        return here.messages.get(id) if here else None

    def take(self, place: Place, id: str) -> None:
        """Remove a message if it is there."""
        self._at(place).messages.pop(id, None)

    def is_gone(self, place: Place, id: str) -> bool:
        """Whether its conversation was deleted while it was being written."""
        here = self._conversations.get(place)
        return here is not None and id in here.gone

    def forget(self, place: Place, session: str) -> None:
        """Its session was deleted: the messages vanish, and editing one of them fails from now on."""
        here = self._at(place)
        for message in [m for m in here.messages.values() if m.session == session]:
            del here.messages[message.id]
            here.gone[message.id] = None
        here.questions.clear()
        _keep(here.gone, REMEMBERED)

    def shown(self, place: Place, session: str, turns: Iterable[Turn]) -> list[Message]:
        """What a page shows beside these turns of the session. Answers that are in history leave the board here."""
        here = self._at(place)
        kept = {turn.seq for turn in turns if turn.state == "open"}
        for message in [m for m in here.messages.values() if m.session == session and m.seq and m.final]:
            if message.seq not in kept:
                del here.messages[message.id]
        return [message for message in here.messages.values() if message.session == session]

    def waiting(self, place: Place, turns: Iterable[Turn]) -> list[tuple[str, str]]:
        """Questions (event, text) that no turn has taken up yet, oldest first."""
        questions = self._at(place).questions
        untold = list(turns)
        for event, (text, at) in list(questions.items()):
            turn = next((turn for turn in untold if turn.question == text and turn.created >= at), None)
            if turn is not None:
                untold.remove(turn)
                del questions[event]
        return [(event, text) for event, (text, _) in questions.items()]

    def is_busy(self, place: Place, session: str) -> bool:
        """Whether an answer is being written in this session, or one is waited for."""
        here = self._conversations.get(place)
        return here is not None and (
            bool(here.questions) or any(m.session == session and not m.final for m in here.messages.values())
        )

    def _at(self, place: Place) -> _Conversation:
        found = self._conversations.pop(place, None) or _Conversation()
        self._conversations[place] = found
        _keep(self._conversations, CONVERSATIONS)
        return found


def _keep(table: dict[Any, Any], count: int) -> None:
    while len(table) > count:
        del table[next(iter(table))]
