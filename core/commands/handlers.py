"""What each command does that asks no model: it reads and changes the session and returns Markdown to say."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core import roles
from core.access import Access, space_of
from core.commands import conversations, letting_out
from core.commands.table import COMMANDS, Command
from core.commands.tuning import Tuning
from core.errors import UserError
from core.escape import escaped
from core.quota import Quota, payer_of, report
from core.safety import Valves
from core.store import Store
from core.surface import Choice
from core.types import Address, Incoming, Lane, Session, SessionKey

LANGUAGES = (
    "English", "中文", "Español", "हिन्दी", "العربية", "Português", "Русский", "日本語", "Deutsch", "Français",
    "한국어", "Italiano", "Türkçe", "Tiếng Việt", "Polski", "Українська", "Nederlands", "Ελληνικά", "עברית",
    "Bahasa Indonesia",
)  # fmt: skip
LANGUAGE = re.compile(r"[^\W\d_][\w ()'’-]{0,39}")
CUSTOM_LONGEST = 4000  # characters of a user's own role


@dataclass(frozen=True, slots=True)
class Request:
    """One use of a command. lane: where its user's questions are answered."""

    command: Command
    argument: str
    incoming: Incoming
    lane: Lane

    @property
    def key(self) -> SessionKey:
        return self.lane.key


class Handlers:
    """Runs commands.

    is_group_admin: asks the platform whether a user runs the group. stop, stop_answer, stop_session: end what is being
    written in a lane, one row of it, or in all lanes of a session; False when nothing is.
    """

    def __init__(
        self,
        store: Store,
        access: Access,
        quota: Quota,
        valves: Valves,
        tuning: Tuning,
        *,
        is_group_admin: Callable[[Address, str], Awaitable[bool]],
        stop: Callable[[Lane], bool],
        stop_answer: Callable[[int, Lane], bool],
        stop_session: Callable[[SessionKey], bool],
    ) -> None:
        self._store = store
        self._access = access
        self._quota = quota
        self._valves = valves
        self._tuning = tuning
        self._is_group_admin = is_group_admin
        self._stop_lane = stop
        self._stop_answer = stop_answer
        self._stop_session = stop_session

    async def run(self, request: Request) -> str:
        """The answer to a command, as Markdown. Raises UserError with a sentence for the user."""
        if request.command.admin and not await self._access.is_admin(request.incoming.author.subject):
            raise UserError("Only an admin of this bot can do that.")
        handler: Callable[[Request], Awaitable[str]] = getattr(self, f"_{request.command.name}")
        return await handler(request)

    async def suggest(self, key: SessionKey, argument: str, typed: str, by: str) -> list[Choice]:
        """At most 25 values for an argument that suggests this (`Argument.suggest`), for the person `by`."""
        if argument == "roles":
            choices = [Choice(role.name, f"{role.title} – {role.summary}"[:100]) for role in roles.builtin().values()]
        elif argument == "models":
            choices = self._tuning.choices()
        elif argument == "languages":
            choices = [Choice("auto", "auto – the language you write in"), *(Choice(name, name) for name in LANGUAGES)]
        elif argument == "sessions":
            choices = await conversations.suggested(self._store.sessions, key)
        elif argument == "members":  # for admins only, like the command
            choices = letting_out.choices(await self._access.members()) if await self._access.is_admin(by) else []
        else:
            raise ValueError(f"nothing is suggested for {argument!r}")
        return [c for c in choices if typed.lower() in c.label.lower() or typed.lower() in c.value.lower()][:25]

    async def _start(self, request: Request) -> str:
        name = escaped(request.incoming.author.name)
        where = "" if request.incoming.address.private else " In this group, mention me or reply to me."
        return (
            f"Hello{' ' + name if name else ''}! Write to me and I answer; I remember what was said here.{where}\n\n"
            "/new starts a new conversation, /role gives me a role, /stop stops an answer, /help lists the rest."
        )

    async def _help(self, request: Request) -> str:
        admin = await self._access.is_admin(request.incoming.author.subject)
        shown = [command for command in COMMANDS if admin or not command.admin]
        return "\n".join(f"/{command.name} – {command.summary}" for command in shown)

    async def _new(self, request: Request) -> str:
        await self._begin_anew(request)
        return "A new conversation begins. The old one stays: /sessions goes back to it."

    async def _reset(self, request: Request) -> str:
        await self._begin_anew(request)
        return "Forgotten: I start from nothing. The old conversation stays in /sessions, should you want it back."

    async def _begin_anew(self, request: Request) -> None:
        await self._require_group_admin(request, "start a new conversation for everybody")
        current = await self._store.sessions.current(request.key)
        if await self._store.turns.all(current.id, 1):  # an empty one is new already
            await self._store.sessions.new(request.key)

    async def _sessions(self, request: Request) -> str:
        if conversations.asks_for_list(request.argument):
            return await conversations.listed(self._store.sessions, request.key, request.argument)
        await self._require_group_admin(request, "change the conversation for everybody")
        return await conversations.choose(self._store.sessions, request.key, request.argument)

    async def _role(self, request: Request) -> str:
        session = await self._store.sessions.current(request.key)
        if not request.argument:
            return self._roles(session)
        await self._require_group_admin(request, "change my role")
        word, *text = request.argument.split(maxsplit=1)
        if word.lower() == "custom":
            return await self._custom_role(session, text[0].strip() if text else "")
        role = roles.find(request.argument)
        if role is None:
            raise UserError(f"I have no role called “{escaped(request.argument[:60])}”. /role lists them.")
        await self._store.sessions.set(session.id, role=role.name, role_prompt="")
        return f"From now on I am: **{role.title}** – {role.summary}"

    async def _custom_role(self, session: Session, text: str) -> str:
        if not text:
            raise UserError("Say what I should be: /role custom You are a pirate who teaches maths.")
        if len(text) > CUSTOM_LONGEST:
            raise UserError(f"That role is too long: at most {CUSTOM_LONGEST} characters, please.")
        await self._store.sessions.set(session.id, role="custom", role_prompt=text)
        return "From now on I am what you described. /role assistant changes back."

    def _roles(self, session: Session) -> str:
        lines = [
            f"- `{role.name}` – {role.summary}{' ← now' if role.name == session.role else ''}"
            for role in roles.builtin().values()
        ]
        own = f"\n\nNow: your own role: “{escaped(session.role_prompt[:200])}”" if session.role == "custom" else ""
        return (
            "\n".join(["My roles:", *lines])
            + own
            + "\n\nSwitch with /role teacher, or /role custom and your own words."
        )

    async def _model(self, request: Request) -> str:
        session = await self._store.sessions.current(request.key)
        if not request.argument:
            return self._tuning.list(session)
        await self._require_group_admin(request, "choose the model for everybody")
        return await self._tuning.model(session, request.argument)

    async def _set(self, request: Request) -> str:
        if request.argument:
            await self._require_group_admin(request, "change how I answer everybody")
        return await self._tuning.set(await self._store.sessions.current(request.key), request.argument)

    async def _language(self, request: Request) -> str:
        session = await self._store.sessions.current(request.key)
        if not request.argument:
            now = session.language or "the language you write in"
            return f"I answer in {now}. Choose with /language Deutsch (any language), or /language auto."
        await self._require_group_admin(request, "choose the language for everybody")
        if not LANGUAGE.fullmatch(request.argument):  # it goes into the prompt: a name, not a text
            raise UserError("Name one language, like: /language Deutsch")
        chosen = "" if request.argument.lower() == "auto" else request.argument
        await self._store.sessions.set(session.id, language=chosen)
        return f"From now on I answer in {chosen or 'the language you write in'}."

    async def _stop(self, request: Request) -> str:
        if await self._stop_own(request):
            return "Stopped."
        if request.incoming.address.private:
            return "Nothing is being written right now."
        if await self._runs_group(request) and self._stop_session(request.key):
            return "Stopped."
        return "Nothing of yours is being written right now."

    async def _stop_own(self, request: Request) -> bool:
        lane = request.lane
        if request.incoming.address.private or lane.asker or lane.key.user:
            return self._stop_lane(lane)
        live = await self._store.answers.live(lane)  # the lane is everybody's (GROUP_ORDER=session)
        return live is not None and live[1] == request.incoming.author.id and self._stop_answer(live[0], lane)

    async def _stream(self, request: Request) -> str:
        session = await self._store.sessions.current(request.key)
        mode = request.argument.lower()
        if mode not in {"on", "off"}:
            state = "on" if session.streaming else "off"
            return f"Streaming is {state}. /stream on shows answers while they are written, /stream off when complete."
        await self._require_group_admin(request, "change that for everybody")
        await self._store.sessions.set(session.id, streaming=mode == "on")
        return "Answers appear while they are written." if mode == "on" else "Answers appear when they are complete."

    async def _history(self, request: Request) -> str:
        session = await self._store.sessions.current(request.key)
        if request.argument:
            return await self._forget(request, session)
        turns = [turn for turn in await self._store.turns.all(session.id) if turn.seq >= session.first]
        return conversations.history(session, turns)

    async def _forget(self, request: Request, session: Session) -> str:
        if request.argument.lower() != "forget":
            raise UserError("/history shows what I remember. /history forget drops the summary of what is long ago.")
        await self._require_group_admin(request, "make me forget")
        if not session.summary:
            return "There is no summary of earlier times. To start from nothing: /new"
        await self._store.sessions.forget(session.id)
        return "The summary is gone. What you see in /history stays; /new starts from nothing."

    async def _usage(self, request: Request) -> str:
        author, private = request.incoming.author, request.incoming.address.private
        own = await report.own(self._quota, payer_of(request.incoming))
        if not private or not await self._access.is_admin(author.subject):
            return own
        return "\n\n".join(filter(None, (own, await report.everybody(self._quota), self._valves.report())))

    async def _approve(self, request: Request) -> str:
        if request.argument:
            name = await self._access.approve(request.argument, request.incoming.author.subject)
            return f"{escaped(name)} can talk to me now."
        await self._access.approve_group(request.incoming)
        return "This group is approved: everybody in it can talk to me."

    async def _revoke(self, request: Request) -> str:
        address = request.incoming.address
        if not request.argument and address.private:
            return letting_out.listed(await self._access.members(), open=self._access.open)
        member = await self._access.revoke(request.argument or space_of(address))
        return letting_out.told(member, open=self._access.open)

    async def _require_group_admin(self, request: Request, what: str) -> None:
        """What changes a session that a group shares is for who runs the group."""
        if not request.incoming.address.private and not request.key.user and not await self._runs_group(request):
            raise UserError(f"In a group, only the group's admins can {what}.")

    async def _runs_group(self, request: Request) -> bool:
        address, author = request.incoming.address, request.incoming.author
        return await self._access.is_admin(author.subject) or await self._is_group_admin(address, author.id)
