from __future__ import annotations

from datetime import date, datetime

from django.db.models import QuerySet

from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Scope, narrowed
from offboarding.packets.models import Packet, Share, Visit
from offboarding.packets.queries import packets_for
from offboarding.packets.shares.rules import SHARES, digest_of
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of, removals_for


def may_share(scope: Scope, packet: Packet) -> bool:
    """Who may open it to somebody outside: a role that shares, for every client in it. Auditors only read."""
    return scope.covers(clients_of(packet.removal), *SHARES)


def open_share(token: str, now: datetime, today: date) -> Share | None:
    """The share behind a link, while it stands; None for ended, run out and unknown alike.

    It stands only as long as whoever made it may share the packet: a right that was lost is lent to nobody.
    """
    beside = ("packet__removal", "made_by")
    found = Share.objects.select_related(*beside).filter(token_sha256=digest_of(token)).first()
    return found if found and why_closed(found, now, today) == "" else None


def why_closed(share: Share, now: datetime, today: date) -> str:
    """Why the link leads nowhere, in a few words; empty if it opens the packet."""
    if share.ended_at:
        return share.ended_because
    if share.until <= now:
        return "its time is over"
    return "" if still_may(share, today) else f"{share.made_by.name} may not share this packet any more"


def still_may(share: Share, today: date) -> bool:
    if not share.made_by.is_active:
        return False
    scope = scope_of(share.made_by, today)
    return may_share(scope, share.packet) and packets_for(scope).filter(pk=share.packet_id).exists()


def shares_of(removal: RemovalRequest) -> QuerySet[Share]:
    """Every share of any version, newest first, with what was done by each link."""
    found = Share.objects.filter(packet__removal=removal).select_related(
        "packet__removal", "made_by", "ended_by"
    )
    return found.order_by("-pk").prefetch_related("visits")


def open_shares(scope: Scope, now: datetime) -> QuerySet[Share]:
    """Those that stand, of requests whose packets this person may share; the next to end first."""
    within = removals_for(narrowed(scope, SHARES))
    found = Share.objects.filter(ended_at=None, until__gt=now, packet__removal__in=within)
    return found.select_related("packet__removal").order_by("until", "pk")


def visits_of(share: Share) -> list[Visit]:
    return list(share.visits.all())
