"""Which URLs Telegram takes in a link: one that it does not take makes it refuse the whole message."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+|\[[0-9a-f:.]+\]", re.IGNORECASE)


def linkable(url: str) -> bool:
    """Whether `url` may stand in a text_link.

    tdlib/td LinkManager.cpp check_link_impl: http or https, and a host with a dot in it or an IPv6 address.
    tg: links are valid too, but tg://user is refused when the user is unknown, so none is taken from a model.
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        port = parts.port
    except ValueError:
        return False
    if port is not None:
        host = host.rpartition(":")[0]
    return parts.scheme in {"http", "https"} and "@" not in parts.netloc and bool(_HOST.fullmatch(host))
