"""Opening a packet to one address from outside, and what is done with the link."""

from __future__ import annotations

import secrets
from datetime import date, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from offboarding.directory.queries import scope_of
from offboarding.ledger.actions import Actor, Event, record
from offboarding.lib.addresses import fold, well_formed
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet, Share, Visit
from offboarding.packets.shares import rules
from offboarding.packets.shares.queries import may_share, why_closed
from offboarding.packets.shares.rules import Did, Visitor, digest_of
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work import clock
from offboarding.work.actions import must_not_stand_still


def make(packet: Packet, user: User, address: str, days: int, method: str, today: date) -> tuple[Share, str]:
    """The share, and the secret part of its link: told once, and kept nowhere."""
    address, token = address.strip(), secrets.token_urlsafe(32)
    with transaction.atomic():
        locked = Packet.objects.select_for_update().select_related("removal").get(pk=packet.pk)
        check(locked, user, address, days, today)
        share = Share.objects.create(
            packet=locked,
            address=address,
            token_sha256=digest_of(token),
            made_by=user,
            until=clock.now() + timedelta(days=days),
        )
        told = {
            "until": share.until.isoformat(),
            "days": days,
            "method": method,
            "token_sha256": share.token_sha256,
        }
        note(share, Event.SHARE_MADE, actor_of(user), told)
    return share, token


def check(packet: Packet, user: User, address: str, days: int, today: date) -> None:
    """Raises Refused, with the field, where it may not be shared so."""
    if not may_share(scope_of(user, today), packet):
        raise Refused(
            "not-yours", "Administrators, security and engagement leads of every client in it share a packet."
        )
    if not well_formed(address):
        raise Refused("bad-address", "Enter an e-mail address like name@company.com.", field="address")
    if fold(address) in {fold(each) for each in packet.removal.addresses}:
        raise Refused("about-them", "This packet is about the person with this address.", field="address")
    if not 1 <= days <= rules.MOST_DAYS:
        raise Refused("bad-days", f"Choose from 1 to {rules.MOST_DAYS} days.", field="days")
    for other in Share.objects.select_related("made_by", "packet__removal").filter(
        packet=packet, address__iexact=address, ended_at=None
    ):
        if why := why_closed(other, clock.now(), today):
            finish(other, None, why)
        else:
            raise Refused(
                "shared", "It is shared with this address already. End that first.", field="address"
            )


def end(share: Share, user: User, reason: str, today: date) -> None:
    """At once; the packet itself stays where it is."""
    with transaction.atomic():
        locked = lock(share)
        if not may_share(scope_of(user, today), locked.packet):
            raise Refused("not-yours", "Who may share a packet may end its shares.")
        if not reason.strip():
            raise Refused("no-reason", "Say why it ends.", field="reason")
        if locked.ended_at:
            raise Refused("ended", "It has ended already.")
        finish(locked, user, reason.strip()[:300])


def finish(share: Share, user: User | None, because: str) -> None:
    Share.objects.filter(pk=share.pk).update(
        ended_at=Now(), ended_by=user, ended_because=because, code="", code_at=None
    )
    by = actor_of(user) if user else Actor("app", "offboard", "Offboard")
    note(share, Event.SHARE_ENDED, by, {"because": because})


# ---------------------------------------------------------------- with the link


def ask_code(share: Share, visitor: Visitor) -> str:
    """A new code for the address, which replaces the one before. It is for the mail alone: only a digest is kept."""
    code = f"{secrets.randbelow(10**rules.DIGITS):0{rules.DIGITS}}"
    with transaction.atomic():
        must_not_stand_still()
        locked, now = lock(share), clock.now()
        sent = Visit.objects.filter(share=locked, did=Did.ASKED, at__gt=now - rules.DAY)
        newest = sent.order_by("-at").values_list("at", flat=True).first()
        if why := rules.why_no_code(now, newest, sent.count()):
            raise Refused("too-many-codes", why)
        Share.objects.filter(pk=locked.pk).update(code=code_digest(locked, code), code_at=now, tries=0)
        visited(locked, Did.ASKED, visitor, Event.SHARE_CODE_ASKED)
    return code


def open_with(share: Share, code: str, visitor: Visitor) -> None:
    """A code opens once. A wrong one is counted, and stays counted; too many end the share. Raises Refused."""
    with transaction.atomic():
        locked = lock(share)
        given = code_digest(locked, "".join(code.split()))
        right = rules.fits(given, locked.code, locked.code_at, locked.tries, clock.now())
        if right:
            Share.objects.filter(pk=locked.pk).update(code="", code_at=None, tries=0)
            visited(locked, Did.OPENED, visitor, Event.SHARE_OPENED)
        else:
            refuse(locked, visitor)
    if not right:
        raise Refused(
            "wrong-code", "This is not the code, or it was used, or its 10 minutes are over. Ask for a new one.",
            field="code",
        )  # fmt: skip


def refuse(share: Share, visitor: Visitor) -> None:
    Share.objects.filter(pk=share.pk).update(tries=F("tries") + 1, wrong=F("wrong") + 1)
    visited(share, Did.REFUSED, visitor, Event.SHARE_CODE_REFUSED)
    if share.wrong + 1 >= rules.WRONG_AT_MOST:
        finish(share, None, "too many wrong codes")


def downloaded(share: Share, part: str, visitor: Visitor) -> None:
    with transaction.atomic():
        visited(share, Did.TOOK, visitor, Event.SHARE_DOWNLOADED, part)


def lock(share: Share) -> Share:
    return Share.objects.select_for_update(of=("self",)).select_related("packet__removal").get(pk=share.pk)


def code_digest(share: Share, code: str) -> str:
    """Keyed, since a code is short; tied to its share, so that it opens no other."""
    return salted_hmac("offboarding.share", f"{share.pk}:{code}", algorithm="sha256").hexdigest()


def visited(share: Share, did: Did, visitor: Visitor, event: Event, part: str = "") -> None:
    Visit.objects.create(
        share=share,
        did=did,
        part=part,
        network_address=visitor.network_address,
        browser=visitor.browser[:200],
    )
    note(share, event, Actor("visitor", f"share:{share.pk}", share.address), {"part": part} if part else {})


def note(share: Share, event: Event, actor: Actor, facts: dict[str, object]) -> None:
    told = {"share": share.pk, "version": share.packet.version, **facts}
    about = share.packet.removal.reference
    record(event, actor=actor, about=about, facts=told, personal={"address": share.address})
