"""Which address another device needs."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from bots.web.reach import bracketed, for_others, is_loopback, name_of, own_address


@pytest.mark.parametrize(
    ("came_by", "needed"),
    [
        ("localhost:8080", "192.168.1.5:8080"),
        ("127.0.0.1:8080", "192.168.1.5:8080"),
        ("[::1]:8080", "192.168.1.5:8080"),
        ("localhost", "192.168.1.5"),
        ("nas.home:8080", "nas.home:8080"),
        ("192.168.1.9:8080", "192.168.1.9:8080"),
    ],
)
def test_localhost_is_no_address_for_another_device(came_by: str, needed: str) -> None:
    assert for_others(came_by, "192.168.1.5") == needed


def test_without_a_network_the_address_stays() -> None:
    assert for_others("localhost:8080", "") == "localhost:8080"


def test_the_own_address_is_one_or_none() -> None:
    address = own_address()
    assert address == "" or ip_address(address)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.0.0.2", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.5", False), ("nas.home", False)],
)  # fmt: skip
def test_what_is_bound_to_this_computer_only(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_names_and_brackets() -> None:
    assert (name_of("[::1]:80"), name_of("[::1]"), name_of("a:80"), name_of("a")) == ("[::1]", "[::1]", "a", "a")
    assert (bracketed("::1"), bracketed("a")) == ("[::1]", "a")
