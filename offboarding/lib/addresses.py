"""E-mail addresses as identities: compared without case, kept as they were typed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from offboarding.lib.canonical import digest

SHAPE = re.compile(r"^[^\s@,;:<>()\"\\]+@(?:[^\s@.,;:<>()\"\\]+\.)+[^\s@.,;:<>()\"\\]{2,}$")
LONGEST = 254  # RFC 5321: 256 octets with the angle brackets


def well_formed(address: str) -> bool:
    return len(address) <= LONGEST and bool(SHAPE.match(address)) and address.isprintable()


def fold(address: str) -> str:
    """The form in which two addresses are compared. Segment compares without case as well."""
    return address.strip().casefold()


def same(one: str, other: str) -> bool:
    return fold(one) == fold(other)


def meet(some: Iterable[str], others: Iterable[str]) -> bool:
    """True if an address is among both."""
    return not {fold(each) for each in some}.isdisjoint(fold(each) for each in others)


def distinct(addresses: Iterable[str]) -> tuple[str, ...]:
    """In the order given, each once, empty ones dropped."""
    seen: dict[str, str] = {}
    for address in addresses:
        if address.strip():
            seen.setdefault(fold(address), address.strip())
    return tuple(seen.values())


def key(addresses: Iterable[str]) -> str:
    """One value for one set of addresses, whatever their order and case: SHA-256, hex."""
    return digest(sorted({fold(address) for address in addresses}))
