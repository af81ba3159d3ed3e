"""Time stamps over checkpoints: that they existed at a time which not we tell, but an authority that the installation chose.

The certificates that count stand outside the database, in the file of the settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.x509 import Certificate
from django.conf import settings

from offboarding.ledger.models import Checkpoint, Stamp
from offboarding.ledger.outside import line_of
from offboarding.ledger.rules import Broken
from offboarding.lib import timestamps
from offboarding.lib.timestamps import NotStamped

# So far may our clock and the authority's be apart.
APART = timedelta(minutes=5)
CHUNK = 200


def trusted_pem() -> bytes:
    """Raises NotStamped."""
    try:
        return Path(settings.TIME_STAMP_CA).read_bytes()
    except OSError as error:
        raise NotStamped(f"the file of OFFBOARD_TIME_STAMP_CA cannot be read: {error.strerror}") from None


def trusted() -> list[Certificate]:
    """Raises NotStamped."""
    return timestamps.authorities(trusted_pem())


def time_of(answer: bytes, made: Checkpoint, given: list[Certificate], nonce: int | None = None) -> datetime:
    """When the authority saw this checkpoint, as it stands outside. Raises NotStamped."""
    at = timestamps.stamped(answer, line_of(made), given, nonce)
    if at < made.at - APART:
        raise NotStamped(f"its stamp tells {at:%Y-%m-%d %H:%M} UTC, before the checkpoint was signed")
    return at


class Stamps:
    """The stamps, walked along with their checkpoints. Nothing is checked while no certificates are named."""

    def __init__(self) -> None:
        found = Stamp.objects.select_related("checkpoint").order_by("checkpoint__size")
        self.rows: Iterator[Stamp] = found.iterator(CHUNK) if settings.TIME_STAMP_CA else iter(())
        self.next = next(self.rows, None)
        self.trusted: list[Certificate] = []

    def wrong(self, size: int) -> Broken | None:
        while self.next and self.next.checkpoint.size <= size:
            stamp, self.next = self.next, next(self.rows, None)
            if says := self.says(stamp):
                at = stamp.checkpoint.size
                return Broken(at, f"the time stamp of the checkpoint at entry {at} does not hold: {says}")
        return None

    def says(self, stamp: Stamp) -> str:
        try:
            self.trusted = self.trusted or trusted()
            at = time_of(bytes(stamp.answer), stamp.checkpoint, self.trusted)
        except NotStamped as error:
            return str(error)
        return "" if at == stamp.at else f"its row says {stamp.at:%Y-%m-%d %H:%M:%S} UTC"
