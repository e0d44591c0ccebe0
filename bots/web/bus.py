"""Events for the open pages. A page that reads slowly costs the rest nothing: each has its own bounded list of news."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import asdict, dataclass
from typing import Any

from bots.web.board import Message

PENDING = 1000  # pieces of news per page; a page that is further behind is told to load everything anew

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Sent:
    text: str
    units: int


class Subscriber:
    """The news of one open page. Of one message only the latest text is kept. login: the hash of its cookie."""

    def __init__(self, person: str, login: str = "") -> None:
        self.person = person
        self.login = login
        self.closed = False
        self._news: dict[Hashable, Message | Event] = {}
        self._sent: dict[str, _Sent] = {}
        self._wake = asyncio.Event()

    def put(self, key: Hashable, news: Message | Event) -> None:
        if self.closed:
            return
        if len(self._news) >= PENDING and key not in self._news:
            self._news = {"reload": {"type": "reload"}}
        else:
            self._news[key] = news
        self._wake.set()

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    def shut_out(self) -> None:
        """Close it, and let it hear nothing of what was on its way."""
        self._news.clear()
        self.close()

    async def next(self, timeout: float) -> list[Event]:
        """The news since the last call, oldest first; waits for some at most `timeout` seconds."""
        try:
            await asyncio.wait_for(self._wake.wait(), timeout)
        except TimeoutError:
            return []
        self._wake.clear()
        news, self._news = self._news, {}
        return [self._written(item) if isinstance(item, Message) else item for item in news.values()]

    def _written(self, message: Message) -> Event:
        """The whole message the first time; after that what was added to the text, or the text when it changed.

        "at" counts UTF-16 units, because a page's strings do.
        """
        before = self._sent.pop(message.id, None)
        if before is None or not message.text.startswith(before.text):
            units = _units(message.text)
            event: Event = {"type": "message", "message": message.as_json()}
        else:
            add = message.text[len(before.text) :]
            units = before.units + _units(add)
            event = {"type": "edit", "id": message.id, "thread": message.thread, "at": before.units, "add": add}
            event |= {"rev": message.rev, "final": message.final}
            event["actions"] = [asdict(action) for action in message.actions]
        if not message.final:
            self._sent[message.id] = _Sent(message.text, units)
        return event


class Bus:
    """Who listens. Publishing never waits."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribe(self, person: str, login: str = "") -> Subscriber:
        subscriber = Subscriber(person, login)
        self._subscribers.add(subscriber)
        if self._closed:
            subscriber.close()
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)

    def publish(self, person: str, key: Hashable, news: Message | Event) -> None:
        """Tell every page of this person. Of two pieces of news with the same key a page may see the later only."""
        for subscriber in self._subscribers:
            if subscriber.person == person:
                subscriber.put(key, news)

    def everyone(self, key: Hashable, news: Event) -> None:
        for subscriber in self._subscribers:
            subscriber.put(key, news)

    def sign_out(self, login: str) -> None:
        """End the streams of the pages that are signed in with this cookie."""
        for subscriber in self._subscribers:
            if subscriber.login == login:
                subscriber.shut_out()

    def let_out(self, person: str) -> None:
        """End the streams of all pages of this person."""
        for subscriber in self._subscribers:
            if subscriber.person == person:
                subscriber.shut_out()

    def close(self) -> None:
        """End every page's stream, now and from now on."""
        self._closed = True
        for subscriber in self._subscribers:
            subscriber.close()


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
