"""How a host is reached: at a number that was checked, or through a proxy that the environment names."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from asrcli.web.client import WebError

Resolve = Callable[[str], list[str]]
# What no name server of the public knows, and a proxy may: itself, and what stands beside it.
PRIVATE = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa")
GLOBAL = ipaddress.ip_network("2000::/3")  # all that is handed out of IPv6
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # NAT64: the last four bytes are an address of IPv4


def proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for an address; ``None`` where it is asked directly."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all") or None


def check_name(host: str) -> None:
    """Check the name of a host that a proxy will resolve.

    Raises:
        WebError: it is the number of one that is not public, however it is spelled, or a name of a private network.
    """
    plain = host.rstrip(".").lower()
    try:
        number = str(ipaddress.ip_address(plain))
    except ValueError:
        try:
            number = socket.inet_ntoa(socket.inet_aton(plain))  # 127.1, 2130706433, 0x7f.1
        except OSError:
            number = ""
    if number:
        public_addresses(host, lambda _: [number])
    elif "." not in plain or plain.endswith(tuple(f".{one}" for one in PRIVATE)):
        raise WebError(f"{host} is a name of a private network")


def resolve_host(host: str) -> list[str]:
    """Return every address of a host, in the order the system would try them."""
    found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_addresses(host: str, resolve: Resolve = resolve_host) -> list[str]:
    """Return the addresses of a host, all of which are public.

    Raises:
        WebError: one of them is private, loopback, link-local (cloud metadata), reserved or multicast.
    """
    addresses = resolve(host)
    for address in addresses:
        if not _is_public(ipaddress.ip_address(address.partition("%")[0])):
            raise WebError(f"{host} is not a public address ({address})")
    if not addresses:
        raise WebError(f"{host} has no address")
    return addresses


def _is_public(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(number, ipaddress.IPv6Address):
        inner = number.ipv4_mapped or number.sixtofour
        if number in TRANSLATED:
            inner = ipaddress.IPv4Address(number.packed[-4:])
        elif number not in GLOBAL and inner is None:
            return False
        if inner is not None and not _is_public(inner):
            return False
    return number.is_global and not number.is_multicast
