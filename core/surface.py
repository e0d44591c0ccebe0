"""The seam between the core and a chat platform.

A platform turns its events into `Incoming` for the core's `receive`, and opens a `Surface` for each answer.
Core speaks Markdown and decides when and how much is shown; a surface renders, converts and translates
errors (see `core.errors`), and nothing else. Adding a platform is one package in bots/ and no change here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from core.errors import Refused
from core.observe.calls import counted
from core.types import Address, Incoming, Press


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `seconds`: a platform's limit, until its own answers say otherwise."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What one surface can take.

    page: the largest `Rendered.size` of one message.
    budget: calls to surfaces with the same budget key count together (a Telegram group with all its topics).
    rates: every rate that holds at once for that budget; posts and edits count alike.
    markdown: the surface shows Markdown itself, and needs no pages.
    whole, whole_rates: the same for all places of the bot together; "" when the platform counts no such thing.
    first: seconds from the first token until something is shown, unless it is readable earlier.
    interval: the shortest pause between the starts of two edits, in seconds.
    marks_end: the surface shows by itself that an answer has ended, so that is a call even if nothing else changes.
    """

    page: int
    budget: str
    rates: tuple[Rate, ...]
    first: float = 0.3
    interval: float = 1.0
    marks_end: bool = False
    markdown: bool = False
    whole: str = ""
    whole_rates: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the platform will really be sent. size is in the platform's own unit; payload is the adapter's own."""

    text: str
    size: int
    payload: Any = None


@dataclass(frozen=True, slots=True)
class File:
    """Something to hand over beside the text."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Action:
    """A button under a message. name: "stop", "retry" or "continue"; label: what stands on it.

    data: what a press brings back to `Core.press`: at most 64 bytes (Telegram's callback_data), nothing secret.
    """

    name: str
    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """What became of a press. text: a short sentence for the presser alone (at most 200 characters).

    done: it happens, and shows by itself: the text need not be said where that would be in the way.
    """

    text: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class Out:
    """One message as it shall be on screen now. page counts from 0; only page 0 replies to the question.

    nonce: the same for every try at the same post, so that a platform which knows such a key posts it once.
    final: this text will not be edited again. files: sent with it; a message with files is posted, never edited.
    actions: the buttons under it; an edit without any takes away those that were there.
    """

    rendered: Rendered
    page: int = 0
    nonce: str = ""
    final: bool = True
    files: tuple[File, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A post that nobody answered: perhaps it was applied, and a message stands there whose id is not known.

    after: the message that it follows: for page 0 the question ("" without one), else the page before. number: the
    journal's name for it.
    """

    out: Out
    after: str
    number: int = 0


Again = Literal["again"]


class Copies(Protocol):
    """How a platform without nonces finds what a post has left that nobody answered. Raises what a surface raises."""

    def suspects(self, doubt: Doubt) -> Sequence[str] | None:
        """The messages that a doubtful post may have left, likeliest first; never one that may not exist yet.

        None: that cannot be told just now, ask again in a moment.
        """
        ...

    async def left_by(self, id: str, doubts: Sequence[Doubt]) -> Doubt | Again | None:
        """Which of these posts left this message, if that is proved. Any other message stays as it is.

        One call. "again": it takes another one, to know or to leave the message as it was.
        """
        ...

    def marked(self) -> Sequence[str]:
        """Messages here that are not as they were before `left_by`, from this answer or an earlier one: it is to be
        called for them again, whatever is in doubt.
        """
        ...


class Surface(Protocol):
    """Where one answer appears. Every method may raise any `PlatformError`; none of them retries or waits by itself."""

    @property
    def limits(self) -> Limits: ...

    @property
    def copies(self) -> Copies | None:
        """None where a post with the nonce of an earlier one is not made again, but answered with its message."""
        ...

    def render(self, markdown: str) -> Rendered:
        """Pure and total: any text at all, also half an answer. Splitting measures the result's size."""
        ...

    async def post(self, out: Out) -> str:
        """Show a new message and return the platform's id of it."""
        ...

    async def edit(self, id: str, out: Out) -> None:
        """Replace a message's text and buttons. "Not modified" is success."""
        ...

    async def delete(self, id: str) -> None:
        """Take a message away. One that is already gone is success."""
        ...

    async def typing(self) -> None:
        """Show that an answer is being worked on. The core calls it again every `Platform.typing_every` seconds."""
        ...


class Platform(Protocol):
    """One bot account on one platform."""

    name: str
    bot: str
    typing_every: float

    def open(self, address: Address) -> Surface: ...

    async def is_admin(self, address: Address, user: str) -> bool:
        """Whether the platform says that this user runs the group or server. Always False in private."""
        ...


class Counted:
    """A surface whose calls are counted by what became of them, for /metrics."""

    def __init__(self, surface: Surface, platform: str) -> None:
        self.surface = surface
        self._platform = platform

    @property
    def limits(self) -> Limits:
        return self.surface.limits

    @property
    def copies(self) -> Copies | None:
        return self.surface.copies

    def render(self, markdown: str) -> Rendered:
        return self.surface.render(markdown)

    async def post(self, out: Out) -> str:
        with counted(self._platform, "post"):
            return await self.surface.post(out)

    async def edit(self, id: str, out: Out) -> None:
        with counted(self._platform, "edit"):
            await self.surface.edit(id, out)

    async def delete(self, id: str) -> None:
        with counted(self._platform, "delete"):
            await self.surface.delete(id)

    async def typing(self) -> None:
        with counted(self._platform, "typing"):
            await self.surface.typing()


class Platforms:
    """The running platforms, by name and bot: where a stored address finds its surface again."""

    def __init__(self) -> None:
        self._platforms: dict[tuple[str, str], Platform] = {}

    def add(self, platform: Platform) -> None:
        self._platforms[platform.name, platform.bot] = platform

    def of(self, address: Address) -> Platform:
        """Raises Refused when the bot that this address belongs to is not running here."""
        platform = self._platforms.get((address.platform, address.bot))
        if platform is None:
            raise Refused(f"no {address.platform} bot {address.bot!r} is running here")
        return platform

    def open(self, address: Address) -> Surface:
        return Counted(self.of(address).open(address), address.platform)

    def __contains__(self, address: Address) -> bool:
        return (address.platform, address.bot) in self._platforms


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a user can pick, and what it is called on screen (both at most 100 characters)."""

    value: str
    label: str


class Core(Protocol):
    """What a platform may ask of the core."""

    async def receive(self, incoming: Incoming) -> None:
        """Take one message. When this returns it is committed (or refused): only now tell the platform "got it".

        The same event twice is taken once. Never raises for what the user sent.
        """
        ...

    async def edited(self, incoming: Incoming) -> None:
        """Somebody changed a message. `incoming` is what it says now, `address.reply_to` its id, the event the edit's.

        The question that was asked last is answered anew in place; an edit of anything else changes nothing. Like
        `receive`, it returns when that is committed, and takes the same event once.
        """
        ...

    async def press(self, press: Press) -> Pressed:
        """Somebody pressed a button: do what it says, past the lane. What starts work is committed on return."""
        ...

    async def moved(self, platform: str, bot: str, old: str, new: str) -> None:
        """A group has another chat id now: its approval and its sessions go on there."""
        ...

    async def seen(self, platform: str, bot: str) -> Sequence[tuple[str, str]]:
        """The places (thread, else chat) in which the bot was spoken to last, and the newest event taken in each.

        For a platform that does not deliver what was said while the bot was off: it can be read back from there.
        """
        ...

    async def suggest(self, incoming: Incoming, argument: str) -> Sequence[Choice]:
        """At most 25 values for a command's argument (its `suggest` name); `incoming.text` is what is typed so far."""
        ...
