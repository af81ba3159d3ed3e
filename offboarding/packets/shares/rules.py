"""A packet for one address from outside: for how long, and what a code has to be. Pure."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from offboarding.lib.hashing import sha256_hex
from offboarding.users.rules import Role

DAYS, MOST_DAYS = 7, 30
SHARES = (Role.ADMINISTRATOR, Role.SECURITY, Role.REQUESTER)
DIGITS = 8
CODE_LASTS = timedelta(minutes=10)
# Between two mails, and in a day: nobody fills another's mailbox with a link.
PAUSE, CODES_A_DAY, DAY = timedelta(minutes=1), 10, timedelta(days=1)
# One code takes so many wrong answers, and a share so many in all: with 30 the chance to guess one is 1 in 3 million.
TRIES, WRONG_AT_MOST = 5, 30
# How long one code opens the packet.
STAY = timedelta(hours=8)


class Did(StrEnum):
    """What somebody did with a link."""

    ASKED = "asked"
    REFUSED = "refused"
    OPENED = "opened"
    TOOK = "took"


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where somebody comes, as far as they tell."""

    network_address: str | None
    browser: str = ""


def digest_of(token: str) -> str:
    """What is kept of the link's secret part: 256 random bits, so that a plain hash of it tells nothing."""
    return sha256_hex(token.encode())


def why_no_code(now: datetime, newest: datetime | None, today: int) -> str:
    """Why no code is sent now, in a sentence; empty if one is. `today`: how many went in the last 24 hours."""
    if newest and now < newest + PAUSE:
        return (
            "A code was sent less than a minute ago. Look into your mailbox, or wait a minute and ask again."
        )
    if today >= CODES_A_DAY:
        return "Ten codes were sent within a day. Ask again tomorrow, or ask whoever shared the packet."
    return ""


def fits(given: str, kept: str, sent_at: datetime | None, tries: int, now: datetime) -> bool:
    """True if the code, as a digest, is the one that was sent, in time. Takes as long for a near miss as for any."""
    same = hmac.compare_digest(given.encode(), kept.encode())
    return same and bool(kept) and sent_at is not None and now <= sent_at + CODE_LASTS and tries < TRIES
