"""From where a key is taken: addresses of the network and ranges of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from offboarding.lib.refusals import Refused

MOST = 20


def networks_in(text: str) -> list[str]:
    """One a line, or with commas: as they are kept, each once. Raises Refused with the first that cannot be read."""
    found = dict.fromkeys(network(each) for each in text.replace(",", " ").split())
    if len(found) > MOST:
        raise Refused("too-many-networks", f"Give at most {MOST} addresses or ranges.", field="networks")
    return list(found)


def network(text: str) -> str:
    try:
        made = ip_network(text, strict=False)
    except ValueError:
        says = f"“{text[:50]}” is no address. Write one like 203.0.113.7, or a range like 203.0.113.0/24."
        raise Refused("no-network", says, field="networks") from None
    if not made.prefixlen:
        raise Refused(
            "no-network", f"{made} is everywhere. Leave the field empty for that.", field="networks"
        )
    return str(made.network_address if made.num_addresses == 1 else made)


def is_among(came_from: str, networks: Iterable[str]) -> bool:
    """True if the address lies in one of them, or if there is none. What is no address lies in none."""
    allowed = [ip_network(each) for each in networks]
    if not allowed:
        return True
    try:
        at = plain(ip_address(came_from))
    except ValueError:
        return False
    return any(at in each for each in allowed)


def plain(at: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """A server that listens on both kinds names a visitor of IPv4 as ::ffff:203.0.113.7."""
    return (isinstance(at, IPv6Address) and at.ipv4_mapped) or at


def line_of(came_from: str) -> str:
    """Who is counted as one: an IPv4 address, or the /64 that an IPv6 address lies in, since one line has all of it.

    What is no address stays as it is.
    """
    try:
        at = plain(ip_address(came_from))
    except ValueError:
        return came_from
    return str(ip_network((at, 64), strict=False)) if isinstance(at, IPv6Address) else str(at)
