"""From where the page can be reached, and under which address. Guard, links and the bot's own URL ask this."""

from __future__ import annotations

import socket
from ipaddress import ip_address

LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
ELSEWHERE = ("192.0.2.1", 9)  # RFC 5737: an address of nobody; it only makes the system choose the way out


def is_loopback(host: str) -> bool:
    """Whether a server bound to this host answers on this computer only."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """A host as it stands in a URL: IPv6 addresses need brackets."""
    return f"[{host}]" if ":" in host else host


def name_of(host: str) -> str:
    """A Host header without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def for_others(host: str, own: str) -> str:
    """The Host that another device must use, when this browser came by `host`: "localhost" means another one there.

    own: `own_address()`.
    """
    if name_of(host).lower() not in LOCAL or not own:
        return host
    return own + host.removeprefix(name_of(host))


def own_address() -> str:
    """This computer's address in its network, "" when it is in none. Nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
        return address
