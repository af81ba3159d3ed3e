"""How long records stay, and what holds them: in words, for the pages of a client, a request and a packet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.directory.frameworks import known
from offboarding.directory.models import Client
from offboarding.directory.queries import years_of
from offboarding.packets.models import Packet
from offboarding.retention.models import EvidenceCheck, LegalHold
from offboarding.retention.queries import faults_of
from offboarding.web.cards import ActCard, FactCard, NoticeCard, TagCard
from offboarding.web.removal.clock import Clock


def in_years(years: int) -> str:
    return ngettext("%(n)d year", "%(n)d years", years) % {"n": years}


def kept_fact(client: Client, change_url: str = "") -> FactCard:
    names = ", ".join(each.name for each in known(client.frameworks))
    why = _("For %(names)s.") % {"names": names} if names else _("No framework is chosen.")
    if client.retention_years is None:
        why = _("As this installation keeps everything: %(why)s") % {"why": why}
    return FactCard(_("Records are kept for"), in_years(years_of(client)), change_url, note=why)


def keep_until(day: date | None) -> str:
    """ "Keep until 31 Mar 2033"; empty where nothing has a day yet."""
    return _("Keep until %(day)s") % {"day": dateformat.format(day, "j M Y")} if day else ""


def notices(holds: Sequence[LegalHold], clock: Clock, lift_url: str = "") -> tuple[NoticeCard, ...]:
    """One for each hold. Only the one of this page's own thing is lifted here."""
    return tuple(notice(each, clock, lift_url if number == 0 else "") for number, each in enumerate(holds))


def notice(hold: LegalHold, clock: Clock, lift_url: str = "") -> NoticeCard:
    title = _("Legal hold on %(what)s") % {"what": hold.client.name} if hold.client else _("Legal hold")
    text = _("%(who)s put it on, %(when)s: %(why)s. Nothing of it is purged while it is on.") % {
        "who": hold.put_on_by.name,
        "when": clock.says(hold.put_on_at),
        "why": hold.why.rstrip("."),
    }
    act = ActCard(_("Lift the hold"), lift_url) if lift_url else None
    return NoticeCard("attention", title, text, act)


def checked(packet: Packet, check: EvidenceCheck | None, clock: Clock) -> TagCard:
    """What the last reading of everything says about this packet."""
    if check is None or check.ended_at is None or not packet.sealed_at or packet.sealed_at > check.created_at:
        return TagCard("not_started", _("Hashes are checked tonight"))
    found, at = len(faults_of(check, packet)), clock.says(check.ended_at)
    if found:
        words = ngettext(
            "%(n)d file does not match, checked %(at)s", "%(n)d files do not match, checked %(at)s", found
        )
        return TagCard("failed", words % {"n": found, "at": at})
    return TagCard("verified", _("Hashes match, checked %(at)s") % {"at": at})


def default_says() -> str:
    return _("This installation keeps records for %(years)s where a client has chosen nothing.") % {
        "years": in_years(settings.RETENTION_YEARS)
    }
