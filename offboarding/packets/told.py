"""What a packet tells beside the removal itself: the notices that went out, and what came after the first sealing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from offboarding.ledger.rules import iso
from offboarding.notifications.models import Message
from offboarding.notifications.queries import mails_about
from offboarding.packets import contents as made
from offboarding.packets.models import Packet
from offboarding.packets.queries import sealed_before
from offboarding.work.rules import State

# A mail server says that it took a mail, never that somebody read it.
DELIVERY = {
    State.DONE: "taken by the mail server",
    State.FAILED: "refused by the mail server",
    State.UNKNOWN: "perhaps sent: no clear answer",
    State.NEEDS_PERSON: "stopped; not known to be sent",
}


def messages(reference: str, until: datetime) -> Iterable[made.Message]:
    """Every mail that was handed over by then, oldest first."""
    for mail in reversed(mails_about(reference)):
        if mail.handed_over_at and mail.handed_over_at <= until:
            yield message(mail, mail.handed_over_at)


def message(mail: Message, at: datetime) -> made.Message:
    return made.Message(
        at=iso(at),
        channel="E-mail",
        to=mail.address,
        subject=mail.mail_subject,
        state=DELIVERY.get(State(mail.state), "on its way"),
    )


def addenda(packet: Packet) -> tuple[made.Addendum, ...]:
    """What each version since the first one added, the newest first, and which bag each of them follows."""
    chain = [*sealed_before(packet), packet]
    return tuple(reversed([addendum(before, after) for before, after in pairwise(chain)]))


def addendum(before: Packet, after: Packet) -> made.Addendum:
    assert after.sealed_at
    return made.Addendum(
        version=after.version,
        at=iso(after.sealed_at),
        by="Offboard",
        text=after.because,
        replaces_version=before.version,
        replaces_sha256=before.bag_sha256,
    )
