"""The web page as a platform: it starts and ends the server and opens surfaces for the core."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import uvicorn

from bots.web.app import build
from bots.web.hooks import Hook
from bots.web.login import OWNER
from bots.web.reach import bracketed
from bots.web.site import BOT, PLATFORM, Access, Site, status_json
from bots.web.surface import WebSurface
from core.errors import SetupError
from core.model import Status
from core.store import Store
from core.surface import Core, Surface
from core.types import Address

LOOK = 0.5  # seconds between two looks at the model's status while a page is open
GRACE = 1  # seconds that requests under way may still take at the end


class _Server(uvicorn.Server):
    """uvicorn within a process that is not its own: signals are left alone, and `up` says when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class WebBot:
    """The page on http://host:port, /metrics with `numbers`, and what other servers post to: `hooks`, by their paths.

    port 0 takes any free one.
    """

    name = PLATFORM
    bot = BOT
    typing_every = 30.0
    title = ""  # once it serves: a link that opens it

    def __init__(
        self,
        core: Core,
        store: Store,
        status: Callable[[], Status],
        access: Access,
        *,
        host: str,
        port: int,
        page: bool = True,
        numbers: bool = False,
        hooks: Mapping[str, Hook] = MappingProxyType({}),
    ) -> None:
        self._site = Site(core, store, status, access, host)
        self._host = host
        self._port = port
        self._page = page
        self._numbers = numbers
        self._hooks = hooks
        self._server: _Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        access.left.append(self._let_out)

    @property
    def url(self) -> str:
        """Where a browser on this computer finds the page, without a slash at the end."""
        everywhere = self._host in {"0.0.0.0", "::", ""}
        return f"http://{'127.0.0.1' if everywhere else bracketed(self._host)}:{self._port}"

    async def start(self) -> None:
        """Serve from now on. Raises SetupError when the port is taken or the host is not this computer's."""
        listener = self._bind()
        await self._site.remember()
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            build(self._site, page=self._page, numbers=self._numbers, hooks=self._hooks),
            lifespan="off",
            http="h11",  # also where a faster parser happens to be installed, as in the tests
            access_log=False,  # it would hold the links
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = _Server(config)
        serving = asyncio.create_task(self._server.serve([listener]), name="web")
        self._tasks = [serving, asyncio.create_task(self._watch_status(), name="web status")]
        up = asyncio.create_task(self._server.up.wait())
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if serving.done():
            await serving  # raises why it ended
        self.title = await self.link() if self._page else f"{self.url}/metrics" if self._numbers else self.url

    async def quiet(self) -> None:
        """Serve on: pages must see how their answers end. What is sent meanwhile is answered after the next start."""

    async def stop(self) -> None:
        """End at once: open streams are closed, requests under way get a second."""
        self._site.bus.close()
        if self._server is not None:
            self._server.should_exit = True
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def open(self, address: Address) -> Surface:
        return WebSurface(address, self._site.board, self._site.bus, self._site.store, self._site.now)

    async def is_admin(self, address: Address, user: str) -> bool:
        """A conversation on the page is always private."""
        return False

    async def private(self, user: str) -> None:
        """A page shows what its person asked for, and nothing unasked."""

    async def link(self) -> str:
        """A link that opens the page once, within the hour, and signs its browser in."""
        return f"{self.url}/?token={await self._site.store.logins.mint(OWNER)}"

    def _let_out(self, who: str) -> None:
        platform, _, person = who.partition(":")
        if platform == PLATFORM:
            self._site.bus.let_out(person)

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            raise SetupError(_why(error, self._host, self._port)) from None
        listener.setblocking(False)
        return listener

    async def _watch_status(self) -> None:
        shown = None
        while True:
            await asyncio.sleep(LOOK)
            if len(self._site.bus) and (status := self._site.status()) != shown:
                shown = status
                self._site.bus.everyone("status", {"type": "status", "model": status_json(status)})


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"WEB_PORT: port {port} is in use by another program (example of another: WEB_PORT={_another(port)})"
    if error.errno == errno.EACCES:
        return f"WEB_PORT: this user may not open port {port} (example of another: WEB_PORT=8080)"
    return f"WEB_HOST: {host} is not an address of this computer (example: WEB_HOST=127.0.0.1)"


def _another(port: int) -> int:
    return port + 1 if port < 65535 else 8081
