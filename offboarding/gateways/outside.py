"""Whom we call: expected hosts, over TLS, at addresses of the public internet, and nobody else.

A name is looked up once for each connection; what comes back is judged here, and the socket goes to exactly that address.
So a name server that changes its answer between the look and the call leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

SEGMENT_HOSTS = frozenset({"api.segmentapis.com", "eu1.api.segmentapis.com"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
# One writing of an address and no other: no name or password, no path, no capital, no sign beyond ASCII.
_BASE = re.compile(r"(https?)://(\[::1\]|[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?::([1-9][0-9]{0,4}))?/?")
# Addresses that are not of the public internet (IANA: IPv4 and IPv6 Special-Purpose Address Registries, November 2026).
_CLOSED_4 = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind carriers; one cloud's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # the host of a virtual machine at Azure: public by number, and yet not outside
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # the way to 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # measuring
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Of IPv6 only this is given out to the public; mapped IPv4, NAT64, unique local, link-local and multicast lie elsewhere.
_PUBLIC_6 = ip_network("2000::/3")
_CLOSED_6 = tuple(
    ip_network(text)
    for text in (
        "2001::/23",  # protocols: Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: any IPv4 address inside
        "3fff::/20",  # documentation
    )
)


@dataclass(frozen=True, slots=True)
class Outside:
    """`hosts` are `name`, or `name:port` for another port than 443. `simulators` opens this machine, also without TLS."""

    hosts: frozenset[str] = SEGMENT_HOSTS
    simulators: bool = False

    def refusal(self, base: str) -> str:
        """Why nobody is called under this base address, without quoting it; empty if it may be called."""
        found = _BASE.fullmatch(base)
        if found is None or int(found[3] or 443) > 65_535:
            return "its address is not written as scheme and host alone"
        scheme, host, port = found.groups()
        if self.simulators and host in LOOPBACK:
            return ""
        if scheme != "https":
            return "its address is not https"
        name = host if port in (None, "443") else f"{host}:{port}"
        return "" if name in self.hosts else "its host is neither Segment's nor approved here"

    def judged(self, host: str, addresses: Iterable[str]) -> list[str]:
        """The addresses of a host, all fit to be called. Raises ValueError when one is not: such a name is no honest one."""
        found = list(addresses)
        for address in found:
            if not is_public(address) and not (self.simulators and _is_loopback(address)):
                raise ValueError(f"the name {host} leads to {address}, which is no public address")
        return found


SEGMENT_ONLY = Outside()


def is_public(address: str) -> bool:
    """True for an address that the public internet may give to anybody's server; an address with a zone has none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in closed for closed in _CLOSED_4)
    return _scopeless(found) and found in _PUBLIC_6 and not any(found in closed for closed in _CLOSED_6)


def _scopeless(address: IPv6Address) -> bool:
    return address.scope_id is None


def _is_loopback(address: str) -> bool:
    return address == "::1" or (address.count(".") == 3 and ip_address(address).is_loopback)
