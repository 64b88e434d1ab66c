"""Whom the Hub's client may be sent to: the Hub, and public addresses.

Who answers can send the client on to anywhere, and this machine reaches what a stranger does
not: itself, and the services of its own network. So each connection is looked at as it is made,
by the address that a name has turned out to mean. It does not matter then how often a request
was sent on, or what a name means when it is looked up twice.
"""

import functools
import ipaddress
import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import urlsplit

from ganzoo.errors import InvalidInput

_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_LOOPBACK = ipaddress.ip_address("127.0.0.1")

_endpoint: ContextVar[str | None] = ContextVar("endpoint", default=None)


@contextmanager
def only_public(endpoint: str) -> Iterator[None]:
    """Refuses connections to addresses that are not public, but for the endpoint's own.

    Those of this thread and of whatever runs in a copy of its context; a proxy that the user
    has set is reached too, and what lies behind it is the proxy's to decide.

    Args:
        endpoint: The Hub's address: `"https://huggingface.co"`.

    Raises:
        InvalidInput: By whatever connects; nothing was sent then.
    """
    _watch()
    token = _endpoint.set(endpoint)
    try:
        yield
    finally:
        _endpoint.reset(token)


@functools.cache
def _watch() -> None:
    """Once: such a hook stays as long as the process."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple) -> None:
    if event != "socket.connect":
        return
    endpoint, address = _endpoint.get(), arguments[1]
    if endpoint is None or not isinstance(address, tuple):  # a socket of the file system
        return
    host, port = address[:2]
    odd = [one for one in _addresses(host, port) if not _is_public(one)]
    if odd and not {(one, port) for one in odd} <= _own(endpoint):
        arguments[0].close()  # whoever connects expects errors of the system, and closes after them
        raise InvalidInput(
            "The server sends us on to an address that is not public. Expected: the Hub's own, "
            f"or a public one. Received: {host}, port {port}.",
            hint="Nothing was asked there. Tell who publishes it.",
        )


def _own(endpoint: str) -> set[tuple]:
    """The addresses and ports of the endpoint and of the user's proxies."""
    found = set()
    for place in (endpoint, *urllib.request.getproxies().values()):
        try:
            parts = urlsplit(place)
            port = parts.port or _PORTS.get(parts.scheme)
            if parts.hostname and port:
                found |= {(one, port) for one in _addresses(parts.hostname, port)}
        except ValueError:
            continue  # not an address: nobody is there
    return found


def _addresses(host: str, port: int) -> set:
    """The addresses that a name means, each in its plainest form."""
    try:
        texts = {entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return set()  # then no connection comes of it either
    return {_plain(ipaddress.ip_address(text.partition("%")[0])) for text in texts}


def _plain(address):
    """An IPv4 address that is written as one of IPv6 as itself; this machine as 127.0.0.1."""
    if address.version == 6:
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.ip_address(int(address) & 0xFFFFFFFF)
        address = inner or address
    return _LOOPBACK if address.is_loopback or address.is_unspecified else address


def _is_public(address) -> bool:
    return address.is_global and not address.is_multicast
