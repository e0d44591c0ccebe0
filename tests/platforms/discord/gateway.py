"""The gateway: websocket connections, sessions that can be resumed, and which session is told what."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.platforms.discord.people import Guild

if TYPE_CHECKING:
    from tests.platforms.discord.server import DiscordServer

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, MEMBERS, INVALID, HELLO, ACK = 7, 8, 9, 10, 11
GUILDS, GUILD_MEMBERS, PRESENCES, MESSAGE_CONTENT = 1 << 0, 1 << 1, 1 << 8, 1 << 15
PRIVILEGED = GUILD_MEMBERS | PRESENCES | MESSAGE_CONTENT
ALL_INTENTS = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25
SENDS_A_MINUTE = 120  # Discord docs, Gateway: 120 events per 60 s, payloads of at most 4096 bytes
PAYLOAD_BYTES = 4096

Data = dict[str, Any] | Callable[[bool], dict[str, Any]]


@dataclass(eq=False)
class Connection:
    """One websocket. Frames leave in order through `queue`; an int in it closes the socket with that code."""

    request: web.Request
    socket: web.WebSocketResponse
    queue: asyncio.Queue[str | int] = field(default_factory=asyncio.Queue)
    session: Session | None = None
    sends: list[float] = field(default_factory=list)
    closing: bool = False

    def put(self, op: int, data: Any = None) -> None:
        self.queue.put_nowait(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def close(self, code: int) -> None:
        self.closing = True
        self.queue.put_nowait(code)

    def cut(self) -> None:
        """End the TCP connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def write(self) -> None:
        while True:
            frame = await self.queue.get()
            with suppress(ConnectionError):
                if isinstance(frame, int):
                    await self.socket.close(code=frame)
                    return
                await self.socket.send_str(frame)


@dataclass(eq=False)
class Session:
    """What a client identified. sent: every event of it, for a resume. valid: whether it can be resumed."""

    id: str
    intents: int
    shard: tuple[int, int] = (0, 1)
    seq: int = 0
    sent: list[tuple[int, str]] = field(default_factory=list)
    connection: Connection | None = None
    valid: bool = True
    ready: bool = False

    def dispatch(self, event: str, data: dict[str, Any]) -> None:
        self.seq += 1
        frame = json.dumps({"op": DISPATCH, "d": data, "s": self.seq, "t": event})
        self.sent.append((self.seq, frame))
        if self.connection is not None:
            self.connection.queue.put_nowait(frame)

    @property
    def listens(self) -> bool:
        """Events reach it now, or are kept for its resume."""
        return self.ready and (self.valid or self.connection is not None)

    def gets(self, guild: Guild | None) -> bool:
        """Discord docs, Sharding: (guild_id >> 22) % num_shards; DMs go to shard 0."""
        return self.shard[0] == ((guild.id >> 22) % self.shard[1] if guild else 0)


class Gateway:
    """identifies, resumes, connects, refused, heartbeats: how often each happened. presences: op 3 payloads."""

    def __init__(self, server: DiscordServer, heartbeat_interval: float) -> None:
        self.server = server
        self.heartbeat_interval = heartbeat_interval
        self.connections: set[Connection] = set()
        self.sessions: dict[str, Session] = {}
        self.identifies = self.resumes = self.connects = self.refused = self.heartbeats = 0
        self.refusals = 0
        self.presences: list[Any] = []

    # what the server tells

    def dispatch(self, event: str, data: Data, *, guild: Guild | None = None, intent: int = 0) -> None:
        """To every session with that intent, connected or resumable. data may depend on MESSAGE_CONTENT."""
        for session in self.sessions.values():
            if session.listens and session.gets(guild) and intent & session.intents == intent:
                content = bool(session.intents & MESSAGE_CONTENT)
                session.dispatch(event, data(content) if callable(data) else data)
        self.server.changes.notify()

    @property
    def ready(self) -> list[Session]:
        """The sessions that are connected and have had READY or RESUMED."""
        return [session for session in self.sessions.values() if session.connection is not None and session.ready]

    def invalidate(self, session: Session) -> None:
        session.valid = False

    # a connection

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.refusals > 0:
            self.refusals -= 1
            self.refused += 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(request, socket)
        self.connects += 1
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        connection.put(HELLO, {"heartbeat_interval": int(self.heartbeat_interval * 1000)})
        try:
            await self._read(connection)
        finally:
            self._forget(connection)
            if not connection.closing:  # else it is still sending the close frame
                writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            self.server.changes.notify()
        return socket

    async def _read(self, connection: Connection) -> None:
        async for frame in connection.socket:
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            self._receive(connection, frame.data)

    def _forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            # Discord docs, Gateway: a client that closes with 1000 or 1001 ends its session
            if connection.socket.close_code in (1000, 1001) and not connection.closing:
                session.valid = False

    def _receive(self, connection: Connection, frame: str | bytes) -> None:
        if len(frame) > PAYLOAD_BYTES or self._too_many(connection):
            return connection.close(4008 if len(frame) <= PAYLOAD_BYTES else 4002)
        try:
            body = json.loads(frame)
            op, data = body["op"], body.get("d")
        except (ValueError, KeyError, TypeError):
            return connection.close(4002)
        if op == HEARTBEAT:
            self.heartbeats += 1
            connection.put(ACK)
        elif op in (IDENTIFY, RESUME):
            self._enter(connection, op, data)
        elif connection.session is None:
            connection.close(4003)
        elif op == MEMBERS:
            self._members(connection.session, data)
        elif op == PRESENCE:
            self.presences.append(data)
        elif op != VOICE:
            connection.close(4001)

    def _too_many(self, connection: Connection) -> bool:
        now = self.server.clock()
        connection.sends = [at for at in connection.sends if now - at < 60] + [now]
        return len(connection.sends) > SENDS_A_MINUTE

    def _enter(self, connection: Connection, op: int, data: Any) -> None:
        if connection.session is not None:
            return connection.close(4005)
        if data.get("token") != self.server.token:
            return connection.close(4004)
        if op == RESUME:
            return self._resume(connection, data)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~ALL_INTENTS:
            return connection.close(4013)
        if intents & PRIVILEGED & ~self.server.privileged:
            return connection.close(4014)
        self._identify(connection, intents, tuple(data.get("shard") or (0, 1)))

    def _identify(self, connection: Connection, intents: int, shard: tuple[int, int]) -> None:
        self.identifies += 1
        session = Session(secrets.token_hex(16), intents, shard, connection=connection)
        self.sessions[session.id] = connection.session = session
        guilds = [guild for guild in self.server.guilds.values() if session.gets(guild)]
        ready = {
            "v": 10,
            "user": self.server.bot.as_json() | {"verified": True, "mfa_enabled": False, "email": None, "flags": 0},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.server.resume_url,
            "application": {"id": str(self.server.bot.id), "flags": self.server.flags},
            "private_channels": [],
            "shard": list(shard),
        }
        session.dispatch("READY", ready)
        session.ready = True
        for guild in guilds if intents & GUILDS else []:
            session.dispatch("GUILD_CREATE", guild.created_json())
        self.server.changes.notify()

    def _resume(self, connection: Connection, data: Any) -> None:
        session = self.sessions.get(data.get("session_id"))
        if session is None or not session.valid:
            return connection.put(INVALID, False)
        if not isinstance(data.get("seq"), int) or data["seq"] > session.seq:
            session.valid = False
            return connection.close(4007)
        self.resumes += 1
        if session.connection is not None:
            session.connection.close(4000)
        connection.session, session.connection = session, connection
        for seq, frame in session.sent:
            if seq > data["seq"]:
                connection.queue.put_nowait(frame)
        session.dispatch("RESUMED", {})
        self.server.changes.notify()

    def _members(self, session: Session, data: Any) -> None:
        guild = self.server.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        ids = {int(id) for id in data.get("user_ids") or []}
        query, limit = (data.get("query") or "").lower(), data.get("limit") or len(guild.everybody)
        found = [u for u in guild.everybody if (u.id in ids if ids else u.name.lower().startswith(query))][:limit]
        chunk: dict[str, Any] = {"guild_id": str(guild.id), "members": [guild.member_json(user) for user in found]}
        missing = [str(id) for id in ids - {user.id for user in found}]
        chunk |= {"chunk_index": 0, "chunk_count": 1, "not_found": missing, "nonce": data.get("nonce")}
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)
