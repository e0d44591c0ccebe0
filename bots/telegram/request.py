"""The HTTP client under the bot: sensible timeouts, answers parsed by orjson, and no log line with the token in it."""

from __future__ import annotations

import logging
import ssl
from functools import cache
from typing import Any

import httpx
import orjson
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

# A send that is given up too soon may have been applied and would be posted twice: wait long, connect quickly.
SEND_READ_TIMEOUT = 30.0
# An edit can be repeated without harm, and one that hangs keeps the newer text from the screen.
EDIT_READ_TIMEOUT = 10.0
CONNECT_TIMEOUT = 10.0


class ApiRequest(HTTPXRequest):
    """python-telegram-bot's client; what is not JSON is not logged, since a gateway's error page may quote the URL."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise TelegramError("the answer is not Telegram's JSON")
        return answer


@cache
def tls() -> ssl.SSLContext:
    """Made once for all clients: reading the certificates takes a good part of the time that a start takes."""
    return httpx.create_ssl_context()


def api_request(*, connections: int = 256) -> ApiRequest:
    return ApiRequest(
        connection_pool_size=connections,
        read_timeout=EDIT_READ_TIMEOUT,
        write_timeout=EDIT_READ_TIMEOUT,
        connect_timeout=CONNECT_TIMEOUT,
        pool_timeout=CONNECT_TIMEOUT,
        httpx_kwargs={"verify": tls()},
    )


def quiet() -> None:
    """Keep the token out of the log: a Bot API URL holds it, httpx logs every URL at INFO and "telegram.Bot" its own
    at DEBUG. "markdown_it" only logs, at DEBUG, each rule that it tries.
    """
    least = {
        "httpx": logging.WARNING,
        "httpcore": logging.WARNING,
        "telegram": logging.INFO,
        "markdown_it": logging.INFO,
    }
    for name, level in least.items():
        logger = logging.getLogger(name)
        logger.setLevel(max(level, logger.level))
