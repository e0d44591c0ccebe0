"""One Telegram bot account: starts, polls, hands messages to the core and opens surfaces for its answers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from telegram import Bot, CallbackQuery, Update
from telegram.error import Conflict, InvalidToken, TelegramError

from bots.telegram import menu
from bots.telegram.admins import Admins
from bots.telegram.errors import describe
from bots.telegram.incoming import Me, pressed, read
from bots.telegram.polling import Backoff, Poller, Raw, Sleep
from bots.telegram.request import CONNECT_TIMEOUT, api_request, quiet
from bots.telegram.surface import TelegramSurface
from bots.telegram.traces import Traces
from bots.telegram.webhook import Webhook
from core.errors import PlatformError, SetupError, StoreError, shown
from core.surface import Core, Out
from core.types import Address, Incoming

UPDATES = ["message", "edited_message", "callback_query"]
POLL = 30  # seconds; Telegram holds a poll up to 50, but some gateways cut what is silent for a minute
GRACE = 3.0  # seconds that a batch may take to be committed
TOAST = 200  # characters: Bot API, answerCallbackQuery
OLD_BUTTON = "That button is no longer there."
AGAIN = "That did not work just now. Please press once more in a moment."
BAD_TOKEN = "TELEGRAM_BOT_TOKEN: Telegram does not know this token. @BotFather shows the right one: /mybots, API Token"
log = logging.getLogger(__name__)


class TelegramBot:
    """Implements `core.surface.Platform`. Between `start` and `stop` it calls `core.receive` in the running loop.

    webhook: the URL under which Telegram reaches `post`; "" to poll. secret: what it proves itself with, "" for one of
    our own.
    bot: the account's id; title: "@my_bot" once Telegram has told it, "" before.
    """

    name = "telegram"
    typing_every = 4.0  # seconds; Telegram shows a chat action for five

    def __init__(
        self,
        token: str,
        core: Core,
        *,
        api_url: str = "https://api.telegram.org",
        webhook: str = "",
        secret: str = "",
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        quiet()
        self._token, self._core = token.strip(), core
        self._url = api_url.rstrip("/")
        self.bot = self._token.partition(":")[0]
        self.title = ""
        self._calls, self._polls = api_request(), api_request(connections=2)
        self._api = Bot(self._token or "none", f"{self._url}/bot", request=self._calls, get_updates_request=self._polls)
        self._admins = Admins(self._api, clock)
        self._traces = Traces(clock)
        self._sleep, self._backoff = sleep, Backoff(random)
        self._random = random
        self._webhook, self._secret = webhook, secret or hashlib.sha256(f"webhook {self._token}".encode()).hexdigest()
        self._source: Poller | Webhook | None = None
        self._me: Me | None = None
        self._complained = False
        self._regretted: set[str] = set()  # chats whose messages wait for the disk, and that were told so
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Check the token and begin to poll. Raises SetupError for a wrong token.

        While Telegram cannot be reached it says so in the log, once, and goes on trying.
        """
        if not re.fullmatch(r"\d+:[\w-]+", self._token):
            raise SetupError(BAD_TOKEN)
        await asyncio.gather(self._calls.initialize(), self._polls.initialize())
        try:
            await self._connect()
        except TelegramError as error:
            if _wrong_token(error):
                await self._close()
                raise SetupError(BAD_TOKEN) from None
            log.warning("Telegram cannot be reached at %s, trying on (%s)", self._url, describe(error))
        self._source = self._updates()
        self._task = asyncio.create_task(self._run(self._source), name="telegram")

    async def post(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take an update that was posted to the webhook. Returns the HTTP status; headers have lower case names."""
        if not isinstance(self._source, Webhook) or self._me is None:
            return 503
        return await self._source.post(headers, body)

    async def quiet(self) -> None:
        """Fetch no more. What was fetched is handed to the core first, unless that takes longer than a few seconds;
        the rest is delivered again at the next start.
        """
        if self._task is not None and self._source is not None:
            self._source.stop()
            if self._me is None:
                self._task.cancel()
            await asyncio.wait([self._task], timeout=GRACE)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def stop(self) -> None:
        """Fetch no more, and let go of the connections."""
        await self.quiet()
        await self._close()

    def open(self, address: Address) -> TelegramSurface:
        return TelegramSurface(self._api, address, self._traces)

    async def is_admin(self, address: Address, user: str) -> bool:
        return await self._admins.has(address, user)

    async def private(self, user: str) -> Address:
        """A private chat has its user's id."""
        return Address(self.name, self.bot, user)

    def _updates(self) -> Poller | Webhook:
        if not self._webhook:
            return Poller(self._fetch, self._take, sleep=self._sleep, random=self._random)
        return Webhook(self._register, self._secret, self._take, sleep=self._sleep, random=self._random)

    async def _register(self) -> None:
        await self._api.set_webhook(self._webhook, secret_token=self._secret, allowed_updates=UPDATES)
        log.info("Telegram posts to %s", self._webhook)

    async def _run(self, source: Poller | Webhook) -> None:
        while self._me is None:
            await self._sleep(self._backoff.next())
            await self._try_to_connect()
        try:
            await menu.register(self._api)
        except TelegramError as error:
            log.warning("the command menu was not set (%s)", describe(error))
        await source.run()

    async def _try_to_connect(self) -> None:
        """Once more, without a word unless Telegram can be reached now and says that the token is wrong."""
        try:
            await self._connect()
        except TelegramError as error:
            if _wrong_token(error) and not self._complained:
                self._complained = True
                log.error(BAD_TOKEN)

    async def _connect(self) -> None:
        user = await self._api.get_me(connect_timeout=CONNECT_TIMEOUT)
        self._me = Me(user.id, user.username or "")
        self.bot, self.title = str(user.id), f"@{user.username}"
        log.info("connected to Telegram as %s", self.title)
        if not user.can_read_all_group_messages:
            log.info(
                "privacy mode is on: in groups Telegram may hide messages that only mention %s; "
                "make it an admin there, or turn privacy off with @BotFather (/setprivacy)",
                self.title,
            )

    async def _close(self) -> None:
        await asyncio.gather(self._calls.shutdown(), self._polls.shutdown())

    async def _fetch(self, offset: int) -> list[Raw]:
        """One long poll, as plain JSON: one update that cannot be parsed must not hold up the others.

        By GET ("We support GET and POST HTTP methods", Bot API), since python-telegram-bot has no raw getUpdates.
        """
        query = urlencode({"offset": offset, "timeout": POLL, "allowed_updates": json.dumps(UPDATES)})
        url = f"{self._url}/bot{self._token}/getUpdates?{query}"
        try:
            answer = await self._polls.retrieve(url, read_timeout=POLL + CONNECT_TIMEOUT)
        except Conflict as error:
            if "webhook" not in str(error):
                raise
            log.warning("this bot had a webhook, which another program set: it is removed, so that polling works")
            await self._api.delete_webhook()
            return []
        updates = self._polls.parse_json_payload(answer).get("result")
        return [update for update in updates if isinstance(update, dict)] if isinstance(updates, list) else []

    async def _take(self, update: Raw) -> None:
        """Hand one update to the core; what it raises is the caller's to try again."""
        self._traces.update(update)
        incoming = self._read(update)
        if isinstance(incoming, CallbackQuery):
            await self._press(incoming)
        elif incoming is not None and "edited_message" in update:
            await self._core.edited(incoming)
        elif incoming is not None:
            await self._receive(incoming)
        elif (message := update.get("message") or {}).get("migrate_from_chat_id"):
            # The first message of the new chat: what comes there after it finds everything in its place.
            old, new = message["migrate_from_chat_id"], message["chat"]["id"]
            await self._core.moved(self.name, self.bot, str(old), str(new))

    async def _receive(self, incoming: Incoming) -> None:
        try:
            await self._core.receive(incoming)
            self._regretted.discard(incoming.address.chat)
        except StoreError as error:  # unconfirmed, it comes again; its author learns once why nothing happens
            if incoming.address.chat not in self._regretted:
                self._regretted.add(incoming.address.chat)
                await self._regret(incoming.address, shown(error, incoming.event))
            raise

    async def _regret(self, address: Address, text: str) -> None:
        surface = self.open(address)
        try:
            await surface.post(Out(surface.render(text)))
        except PlatformError as error:
            log.info("nobody could be told that a message waits (%s)", describe(error))

    async def _press(self, query: CallbackQuery) -> None:
        """Do what the button says, then tell Telegram, or the button would seem to be working for ever.

        One that fails is not tried again: by then it may no longer be what its presser wants, who is there to press.
        """
        press = pressed(query, self._me) if self._me else None
        try:
            told = (await self._core.press(press)).text if press else OLD_BUTTON
        except Exception as error:
            log.error("a press could not be taken (%s)", describe(error))
            told = AGAIN
        try:
            await self._api.answer_callback_query(query.id, told[:TOAST])
        except TelegramError as error:  # too late, or answered before: nothing is lost but a sentence
            log.info("a press was not acknowledged (%s)", describe(error))

    def _read(self, update: Raw) -> Incoming | CallbackQuery | None:
        if self._me is None:
            return None
        try:
            parsed = Update.de_json(dict(update), None)
            return parsed.callback_query or read(parsed, self._me)
        except Exception as error:  # an update of a shape that nobody foresaw: skipped, or it would come for ever
            log.error("update %s cannot be read and is skipped (%s)", update.get("update_id"), describe(error))
            return None


def _wrong_token(error: TelegramError) -> bool:
    """Telegram itself said so; a 404 that is not its JSON comes from something else at TELEGRAM_API_URL."""
    return isinstance(error, InvalidToken) and error.__cause__ is None
