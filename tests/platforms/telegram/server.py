"""The loopback server itself: HTTP, tokens, the record of calls, planted faults, and the people and chats it knows."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

from aiohttp import web

from tests.platforms.closing import close
from tests.platforms.telegram import account, sending
from tests.platforms.telegram.chats import Chat, Press
from tests.platforms.telegram.faults import Fault, Faults
from tests.platforms.telegram.files import Files
from tests.platforms.telegram.limits import Limits, Rates
from tests.platforms.telegram.members import member_json
from tests.platforms.telegram.messages import Message, User
from tests.platforms.telegram.params import read_params
from tests.platforms.telegram.record import Bell, Call
from tests.platforms.telegram.rejected import Rejected
from tests.platforms.telegram.screen import Action, Screen
from tests.platforms.telegram.updates import Updates
from tests.platforms.telegram.webhook import Webhook

TOKEN = "123456789:AAHloopback-only_0123456789abcdefghi"
SUPERGROUP = -1_000_000_000_000
METHODS = sending.METHODS | account.METHODS


class TelegramServer:
    """See the package's docstring. Keeps its state until it is closed, so a bot may stop and start against it."""

    def __init__(
        self,
        token: str = TOKEN,
        *,
        username: str = "chinwag_bot",
        name: str = "Chinwag",
        rates: Rates | None = None,
        privacy: bool = True,
        mentions: bool = True,
        clock: Callable[[], float] = time.monotonic,
        unix: Callable[[], float] = time.time,
    ) -> None:
        self.token, self.privacy, self.mentions = token, privacy, mentions
        self.clock, self.unix = clock, unix
        self.bot = User(int(token.split(":")[0]), name, username=username, is_bot=True)
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.chats: dict[int, Chat] = {}
        self.calls: list[Call] = []
        self.bell, self.files, self.faults = Bell(), Files(), Faults()
        self.updates = Updates(self.bell)
        self.limits = Limits(rates or Rates(), clock)
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        self.presses: dict[str, Press] = {}
        self.webhook, self.webhook_target = Webhook(self), ""
        self.started, self.url = clock(), ""
        self.member_json = member_json
        self._ids = {"message": 0, "query": 7_000, "group": 5_000}
        self._running: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        # a client that goes away ends its long poll; a call that writes is shielded and still applied
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.webhook.stop()
        self.updates.close()
        for task in self._running:
            task.cancel()
        await close(self._runner)

    @property
    def base_url(self) -> str:
        """For ApplicationBuilder.base_url; the client puts the token behind it."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        return f"{self.url}/file/bot"

    # people and chats

    def user(self, id: int, first_name: str, **more: Any) -> User:
        self.users[id] = User(id, first_name, **more)
        return self.users[id]

    def private(self, user: User) -> Chat:
        """The private chat of a user who has started the bot."""
        if user.id not in self.chats:
            chat = self.chats[user.id] = Chat(self, user.id, "private", person=user)
            chat.members = {user.id: "member", self.bot.id: "member"}
        return self.chats[user.id]

    def group(
        self,
        title: str,
        members: Sequence[User] = (),
        admins: Sequence[User] = (),
        *,
        forum: bool = False,
        supergroup: bool = True,
        bot: bool | Literal["member", "administrator"] = True,
    ) -> Chat:
        """A group whose first admin (else an unseen person) is its owner. bot: whether, or as what, it is a member."""
        self._ids["group"] += 1
        number = self._ids["group"]
        super_ = supergroup or forum
        chat = Chat(self, SUPERGROUP - number if super_ else -number, "supergroup" if super_ else "group", title=title)
        owner, *others = admins or [self.user(900_000 + number, "Owner")]
        chat.members = {owner.id: "creator"} | {user.id: "administrator" for user in others}
        chat.members |= {user.id: "member" for user in members if user.id not in chat.members}
        if bot:
            chat.members[self.bot.id] = "member" if bot is True else bot
        chat.forum = forum
        self.chats[chat.id] = chat
        return chat

    def upgrade(self, group: Screen) -> Chat:
        """A supergroup with the title and members of this group."""
        new = self.group(group.title)
        new.members, new.forum = dict(group.members), group.forum
        return new

    def repeat(self, what: Message | int) -> None:
        """Deliver the update of this message (or of this id) once more, under the same update id."""
        self.updates.repeat(what if isinstance(what, int) else what.update_id)

    def fault(self, method: str | tuple[str, ...], *, chat: Chat | int | None = None, **what: Any) -> Fault:
        """Plant a fault; `what` are the fields of `Fault`."""
        return self.faults.add(Fault(method, chat=chat.id if isinstance(chat, Chat) else chat, **what))

    # looking and waiting

    def called(self, method: str, chat: Chat | int | None = None) -> list[Call]:
        """The answered or running calls of one method, oldest first."""
        id = chat.id if isinstance(chat, Chat) else chat
        return [c for c in self.calls if c.method.lower() == method.lower() and id in (None, c.chat)]

    async def until(self, predicate: Callable[[], Any], timeout: float = 5.0) -> Any:
        """Wait until `predicate()` is true of anything the server knows, and return its value."""
        return await self.bell.until(predicate, timeout, self.explain)

    async def typing(self, chat: Chat, after: Message | None = None, timeout: float = 5.0) -> Action:
        """Wait for a chat action since `after` was posted (one may have come already); the newest."""
        since = after.posted if after else self.started
        found: list[Action] = await self.bell.until(
            lambda: [a for a in chat.actions if a.time >= since], timeout, chat.explain
        )
        return found[-1]

    def refusals(self) -> str:
        """Calls that were not answered with 200, as lines."""
        bad = [call for call in self.calls if call.status != 200 and call.done]
        return "\n".join(f"{c.time - self.started:8.2f} {c.method} {c.status} {c.description}" for c in bad)

    def explain(self) -> str:
        chats = "\n".join(f"chat {chat.id}:\n{chat.transcript()}" for chat in self.chats.values())
        return f"{chats}\nrefused calls:\n{self.refusals()}"

    def next_message_id(self) -> int:
        self._ids["message"] += 1
        return self._ids["message"]

    def next_query_id(self) -> int:
        self._ids["query"] += 1
        return self._ids["query"]

    def chat(self, p: dict[str, Any]) -> Chat:
        id = p.get("chat_id")
        if id in (None, ""):
            raise Rejected("chat_id is empty")
        if id not in self.chats:
            raise Rejected("chat not found")
        return self.chats[id]

    def open_chat(self, p: dict[str, Any]) -> Chat:
        """The chat of a call that needs the bot to be in it."""
        chat = self.chat(p)
        chat.check_open()
        return chat

    # HTTP

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            self._check_token(request.match_info["token"])
            call = Call(self.clock(), request.match_info["method"], await read_params(request))
        except Rejected as rejected:
            return web.json_response(rejected.envelope(), status=rejected.status)
        self.calls.append(call)
        if call.method.lower() == "getupdates":
            return await self._poll(call, request)
        task = asyncio.create_task(self._answer(call, request))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _poll(self, call: Call, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(call, request)
        except asyncio.CancelledError:
            call.description = "the client went away"
            self._finish(call)
            raise

    async def _answer(self, call: Call, request: web.Request) -> web.StreamResponse:
        fault = self.faults.hit(call.method, call.params) or Fault(())
        await asyncio.sleep(fault.before)
        if fault.cut == "before":
            return self._cut(call, request)
        response = await self._respond(call, fault)
        await asyncio.sleep(fault.after)
        if fault.cut == "after":
            call.status = 0
            return self._cut(call, request)
        self._finish(call)
        return response

    async def _respond(self, call: Call, fault: Fault) -> web.Response:
        try:
            refusal = fault.refusal()
            if refusal:
                raise refusal
            call.result = await self._apply(call)
            call.status, body = 200, {"ok": True, "result": call.result}
        except Rejected as rejected:
            call.status, call.description, body = rejected.status, rejected.description, rejected.envelope()
        self._remember_screen(call)
        return web.json_response(body, status=call.status)

    async def _apply(self, call: Call) -> Any:
        method, p = call.method.lower(), call.params
        if method == "getupdates":
            self.updates.allow(p.get("allowed_updates"))
            return await self.updates.get(p.get("offset") or 0, p.get("limit") or 100, p.get("timeout") or 0)
        hooks = {"setwebhook": self.webhook.set, "deletewebhook": self.webhook.delete}
        if method in hooks:
            return hooks[method](p)
        if method == "getwebhookinfo":
            return self.webhook.info()
        if method not in METHODS:
            raise Rejected("method not found", 404)
        return METHODS[method](self, p)

    def _remember_screen(self, call: Call) -> None:
        result = call.result if isinstance(call.result, dict) else {}
        call.message_id = result.get("message_id") or call.params.get("message_id")
        chat = self.chats.get(call.chat) if isinstance(call.chat, int) else None
        message = chat.find(call.message_id) if chat else None
        call.screen = message.text if message else ""

    def _cut(self, call: Call, request: web.Request) -> web.Response:
        call.description = "connection cut"
        self._finish(call)
        if request.transport:
            request.transport.abort()
        return web.Response()

    def _finish(self, call: Call) -> None:
        call.done = self.clock()
        self.bell.ring()

    async def _download(self, request: web.Request) -> web.Response:
        try:
            self._check_token(request.match_info["token"])
        except Rejected as rejected:
            return web.json_response(rejected.envelope(), status=rejected.status)
        file = self.files.at(request.match_info["path"])
        return web.Response(body=file.data) if file else web.Response(status=404, text="Not Found")

    def _check_token(self, token: str) -> None:
        """Telegram answers 401 to a token it does not know and 404 to what cannot be one."""
        if token == self.token:
            return
        well_formed = re.fullmatch(r"\d+:[\w-]{30,}", token)
        rejected = Rejected("", 401 if well_formed else 404)
        rejected.description = "Unauthorized" if well_formed else "Not Found"
        raise rejected
