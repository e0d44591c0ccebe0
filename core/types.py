"""The words of the house as data: who said what, where, and which session and lane that belongs to.

Everything here is frozen and knows no platform, database or model. Text read back from the database is
the same text that was written: a `SessionKey`, a `Lane` and an `Address` each have one string or JSON form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import quote, unquote


@dataclass(frozen=True, slots=True)
class Address:
    """Where to answer. It lies in the inbox row, so an answer can be taken up after a restart.

    platform: "telegram", "discord" or "web"; bot: that platform's id of the bot account.
    chat: the private chat, group, channel or web person; thread: topic, thread or web conversation.
    space: what an admin approves as one: the Telegram group, the whole Discord server; "" in private.
    reply_to: the platform's id of the message that is answered.
    token, expires: an interaction token and the unix time at which it runs out (Discord: 15 minutes). An answer that
    went on without its token still has the time.
    ephemeral: only the asker may see the answer, which is possible only while the token lasts.
    """

    platform: str
    bot: str
    chat: str
    thread: str = ""
    private: bool = True
    space: str = ""
    reply_to: str = ""
    token: str = ""
    expires: float = 0.0
    ephemeral: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Address:
        return cls(**data)

    def without_token(self) -> Address:
        """The same place, once the interaction token has run out, or was none that Discord took."""
        return replace(self, token="")


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote. id is the platform's own; language is a hint such as "de" ("" when the platform has none)."""

    platform: str
    id: str
    name: str = ""
    language: str = ""

    @property
    def subject(self) -> str:
        """The form that ADMINS and the access table use: "telegram:123"."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Which conversation a message belongs to. Built by `SessionKey.of` and nowhere else."""

    platform: str
    bot: str
    chat: str
    thread: str = ""
    user: str = ""

    @classmethod
    def of(cls, address: Address, author: Author, *, per_user: bool = False) -> SessionKey:
        """A private chat is its own key, so no group can ever see it; `per_user` splits groups by asker."""
        user = author.id if per_user and not address.private else ""
        return cls(address.platform, address.bot, address.chat, address.thread, user)

    def __str__(self) -> str:
        return _join(self.platform, self.bot, self.chat, self.thread, self.user)

    @classmethod
    def parse(cls, text: str) -> SessionKey:
        return cls(*_split(text, 5))


@dataclass(frozen=True, slots=True)
class Lane:
    """The unit of order and exclusion: one answer at a time per lane, in the order the messages came.

    In a private chat the lane is the session; in a group it is session + asker, so that two people are
    answered side by side. Commands that ask no model have an express lane beside it and never wait.
    """

    key: SessionKey
    asker: str = ""
    express: bool = False

    @classmethod
    def of(cls, key: SessionKey, address: Address, author: Author, *, by_session: bool = False) -> Lane:
        return cls(key, "" if address.private or by_session else author.id)

    @property
    def beside(self) -> Lane:
        """The express lane of the same asker."""
        return replace(self, express=True)

    def __str__(self) -> str:
        return f"{self.key}:{_join(self.asker, 'express' if self.express else '')}"

    @classmethod
    def parse(cls, text: str) -> Lane:
        *key, asker, express = _split(text, 7)
        return cls(SessionKey(*key), asker, bool(express))


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that came with a message. kind is a word a user knows: photo, voice message, file, sticker..."""

    kind: str
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message or command, as a platform hands it to the core.

    event: the platform's own event id, unique per bot (update_id; message id; interaction id; the page's UUID).
    text: without the mention of the bot; a command is "/name arguments", whatever the platform's own form.
    sent: unix seconds by the platform's clock. role: a role for this one turn (Discord's /ask).
    session: set by the core: the session that was current when the message came.
    act, of: set by the core when this is no new message: "retry", "continue" or "edit" of the answer to inbox row `of`.
    """

    event: str
    address: Address
    author: Author
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    sent: float = 0.0
    role: str = ""
    session: str = ""
    act: str = ""
    of: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Incoming:
        return cls(
            **{
                **data,
                "address": Address.from_json(data["address"]),
                "author": Author(**data["author"]),
                "attachments": tuple(Attachment(**a) for a in data["attachments"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button. data: what it carries (`core.surface.Action`), unless whoever pressed forged it.

    address: where the message with the button stands; its token, if it has one, is the press's own.
    """

    data: str
    address: Address
    author: Author


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation with its own history. role_prompt is "" unless the role is the user's own ("custom").

    first: the seq of the first turn that the model is still sent. summary: what was said before, in the model's
    words; it speaks of the turns up to `folded`. model, temperature, length (tokens of an answer): what was
    chosen with /model and /set; "" and None: nothing.
    """

    id: str
    key: SessionKey
    title: str
    role: str
    role_prompt: str
    language: str
    streaming: bool
    created: float
    updated: float
    first: int = 1
    folded: int = 0
    summary: str = ""
    model: str = ""
    temperature: float | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer. seq counts from 1 within the session.

    state: "open" while it is being answered, then "done", "stopped" (by the user) or "failed".
    replaced: answered anew; it stays in history but is not sent to the model.
    note: why the answer ended as it did; thoughts: a reasoning model's. Both for the user's eyes only.
    finish: why the model ended, in its own word.
    row: the inbox row that it answers. asker: the platform's id of who asked; message: of what they wrote, "" if none.
    role: asked for this once.
    """

    session: str
    seq: int
    author: str
    question: str
    answer: str
    state: str
    replaced: bool
    created: float
    model: str = ""
    note: str = ""
    finish: str = ""
    row: int = 0
    asker: str = ""
    message: str = ""
    role: str = ""
    thoughts: str = ""

    @property
    def shown(self) -> str:
        """The answer as the user sees it."""
        return with_note(self.answer, self.note)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request, as the endpoint counted them. cached: of the prompt, those it had read before."""

    prompt: int
    completion: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the model's stream: text to append, and at the end why it ended and what it used.

    thought: what a reasoning model thinks before it answers; no part of the text.
    anew: all text of this answer so far is void; it begins again from here, with this delta's own text.
    model: at the end, the name of the model that answered. note: at the end, what the user shall know of that ("" when
    there is nothing to say); it is shown, and never sent to the model.
    """

    text: str = ""
    finish: str = ""
    usage: Usage | None = None
    anew: bool = False
    model: str = ""
    note: str = ""
    thought: str = ""


QUIET = "ℹ️"  # begins a note that is no warning


def with_note(answer: str, note: str) -> str:
    """An answer followed by why it ended as it did ("" when there is nothing to say)."""
    if not note:
        return answer
    note = note if note.startswith(QUIET) else f"⚠️ {note}"
    return f"{answer}\n\n{note}" if answer.strip() else note


def clean(incoming: Incoming) -> Incoming:
    """The same message without what no database and no model takes: NULs and halves of surrogate pairs."""
    author = replace(incoming.author, name=_clean(incoming.author.name)[:100])
    attachments = tuple(replace(a, name=_clean(a.name)[:200]) for a in incoming.attachments)
    return replace(incoming, text=_clean(incoming.text), author=author, attachments=attachments)


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _join(*parts: str) -> str:
    return ":".join(quote(part, safe="@-._", errors="replace") for part in parts)


def _split(text: str, count: int) -> list[str]:
    parts = [unquote(part) for part in text.split(":")]
    if len(parts) != count:
        raise ValueError(f"{text!r} has {len(parts)} parts, not {count}")
    return parts
