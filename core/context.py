"""What the model is sent: the role, the newest whole turns that fit the window, and the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from core import roles
from core.errors import ContextTooLong
from core.model.continued import GOES_ON
from core.model.counting import MESSAGE_OVERHEAD, tokens
from core.model.room import KEPT
from core.roles import Role
from core.types import Incoming, Session, Turn

SHORTENED = 100  # tokens: less of a turn than this says nothing


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a conversation is sent: at most `rounds` whole turns, at most `tokens` together."""

    rounds: int
    tokens: int


def surplus(turns: Sequence[Turn], window: Window, *, above: float = 1.0) -> int:
    """How many of the oldest turns are to go for good; 0 while all of them fill no more than `above` of the window.

    Then half of the window goes at once: a window that slid by a turn with every question would change the beginning
    of every prompt, and no endpoint could reuse what it has read (simulated: 93 % of the tokens against 2 %).
    """
    left = [cost(turn) for turn in turns]
    if _fill(left, window) <= above:
        return 0
    while len(left) > 1 and _fill(left, window) > KEPT:
        del left[0]
    return len(turns) - len(left)


def _fill(costs: Sequence[int], window: Window) -> float:
    return max(len(costs) / window.rounds, sum(costs) / window.tokens)


def cost(turn: Turn) -> int:
    """The tokens of a turn in a prompt."""
    return tokens(turn.question) + tokens(turn.answer)


def fitting(turns: Sequence[Turn], window: Window) -> list[Turn]:
    """The newest of `turns` (oldest first) that fit the window.

    Whole turns, for half a turn would show the model an answer without its question; only the newest, which the
    next question is most likely about, is shortened when it alone is too long.
    """
    kept: list[Turn] = []
    budget = window.tokens
    for turn in reversed(turns[-window.rounds :]):
        if cost(turn) > budget:
            break
        budget -= cost(turn)
        kept.append(turn)
    if turns and not kept and budget > SHORTENED:
        kept = [_shortened(turns[-1], budget)]
    return kept[::-1]


def _shortened(turn: Turn, budget: int) -> Turn:
    """The turn without its middle: beginnings say what it is about, ends what came of it."""
    question = _without_middle(turn.question, budget // 3 if turn.answer else budget)
    return replace(turn, question=question, answer=_without_middle(turn.answer, budget - tokens(question)))


def _without_middle(text: str, budget: int) -> str:
    room = max(budget - 2 * MESSAGE_OVERHEAD, 0) * 4  # bytes
    data = text.encode("utf-8", "replace")
    if len(data) <= room:
        return text
    return f"{data[: room // 2].decode('utf-8', 'ignore')}\n[...]\n{data[-room // 2 :].decode('utf-8', 'ignore')}"


def shorter(messages: Sequence[BaseMessage]) -> list[BaseMessage] | None:
    """The prompt without the older half of its history, for a model that could not read all of it.

    None when there is no history left: the question stays whole, and so does an answer that is asked to go on.
    """
    first = 1 if messages and messages[0].type == "system" else 0
    last = len(messages) - (3 if messages and GOES_ON in messages[-1].additional_kwargs else 1)
    history = list(messages[first:last])
    if not history:
        return None
    cut = (len(history) + 1) // 2
    while cut < len(history) and history[cut].type != "human":  # no answer without its question
        cut += 1
    return [*messages[:first], *history[cut:], *messages[last:]]


def conversation(turns: Sequence[Turn], question: str) -> list[BaseMessage]:
    """The turns as the model reads them, ending with `question`.

    A question that got no answer is joined to the next one: many chat templates refuse two user messages in a row.
    """
    said: list[BaseMessage] = []
    unanswered: list[str] = []
    for turn in turns:
        unanswered.append(turn.question)
        if turn.answer.strip():
            said += [HumanMessage("\n\n".join(unanswered)), AIMessage(turn.answer)]
            unanswered = []
    return [*said, HumanMessage("\n\n".join([*unanswered, question]))]


def prompt(
    incoming: Incoming,
    session: Session,
    turn: Turn,
    before: Sequence[Turn],
    *,
    window: Window,
    most: int | None,
    today: date,
) -> list[BaseMessage]:
    """Everything the model is sent for `turn`. most: the tokens that this model can read, None when it is large.

    In a group each question carries its asker's name. Raises ContextTooLong when the question alone is too long.
    """
    if not incoming.address.private:
        turn, before = _named(turn), [_named(earlier) for earlier in before]
    role = role_of(session, incoming.role)
    asked = tokens(turn.question) + tokens(role if isinstance(role, str) else role.prompt) + tokens(session.summary)
    if most is not None:
        if asked > most:
            raise ContextTooLong(f"the question alone is about {asked} tokens, the model reads {most}")
        window = replace(window, tokens=min(window.tokens, most - asked))
    history = conversation(fitting(before, window), turn.question)
    return roles.prompt(role, language=session.language, today=today, earlier=session.summary, history=history)


def question(incoming: Incoming) -> str:
    """What the user said, as history keeps it. What came with it and cannot be read is named for the model."""
    if not incoming.attachments:
        return incoming.text
    kinds = ", ".join(attachment.kind for attachment in incoming.attachments)
    return f"{incoming.text}\n\n[Attached, but you cannot see it: {kinds}]"


def unreadable(incoming: Incoming) -> str:
    """For what is not understood yet: a sentence, not silence."""
    if not incoming.attachments:
        return "That message is empty. Write me something, and I answer."
    kind = incoming.attachments[0].kind
    return f"I cannot read a {kind} yet, only text. Tell me in words what it is about, and I will help."


def _named(turn: Turn) -> Turn:
    return replace(turn, question=f"{turn.author or 'Somebody'}: {turn.question}")


def role_of(session: Session, once: str = "") -> Role | str:
    """Who answers: the role asked for this once, the user's own in their words, or the session's."""
    if not once and session.role == "custom":
        return session.role_prompt
    return (roles.find(once) if once else None) or roles.builtin().get(session.role) or roles.builtin()["assistant"]
