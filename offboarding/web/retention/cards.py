"""How long records stay, and what holds them: in words, for the pages of a client, a request and a packet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.directory.frameworks import known
from offboarding.directory.models import Client
from offboarding.directory.queries import years_of
from offboarding.packets.models import Packet
from offboarding.retention.models import EvidenceCheck, LegalHold, Purge, Tombstone
from offboarding.retention.queries import faults_of
from offboarding.web.cards import ActCard, CodeCard, FactCard, NoticeCard, TagCard
from offboarding.web.removal.clock import Clock
from offboarding.work.rules import State


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


@dataclass(frozen=True, slots=True)
class PurgeCard:
    """One purge. `acts`: what this reader may do with it."""

    title: str
    tag: TagCard
    facts: tuple[FactCard, ...]
    acts: tuple[ActCard, ...]
    note: str


def purge_card(purge: Purge, clock: Clock, reader: int = 0) -> PurgeCard:
    base = f"/setup/clients/{purge.client_id}/purge/"
    decided = bool(purge.confirmed_by_id or purge.ended_at)
    own = purge.asked_by_id == reader
    confirm = () if decided or own else (ActCard(_("Confirm"), f"{base}confirm/", "bad"),)
    decline = ActCard(_("Take it back") if own else _("Decline"), f"{base}decline/")
    note = _("You asked for this, so another administrator confirms it.") if own and not decided else ""
    return PurgeCard(
        title=_("Asked for %(when)s") % {"when": clock.says(purge.created_at)},
        tag=purge_tag(purge),
        facts=purge_facts(purge, clock),
        acts=() if decided or not reader else (*confirm, decline),
        note=note or (purge.waiting_for if purge.confirmed_by_id else ""),
    )


def purge_tag(purge: Purge) -> TagCard:
    if purge.declined_by_id:
        return TagCard("cancelled", _("Declined"))
    if purge.ended_at:
        return TagCard("verified", _("Done"))
    if purge.confirmed_by_id is None:
        return TagCard("waiting", _("Waits for a second person"))
    return TagCard("needs_person") if purge.state == State.NEEDS_PERSON else TagCard("running")


def purge_facts(purge: Purge, clock: Clock) -> tuple[FactCard, ...]:
    asked = _("%(n)d files and packets, %(size)s") % {"n": purge.files, "size": filesizeformat(purge.size)}
    until = _("With a last day before %(day)s") % {"day": dateformat.format(purge.before, "j M Y")}
    facts = [
        FactCard(_("What"), asked, note=until),
        FactCard(_("Why"), purge.why),
        FactCard(_("Asked by"), purge.asked_by.name),
    ]
    if purge.confirmed_by and purge.confirmed_at:
        facts.append(
            FactCard(_("Confirmed by"), purge.confirmed_by.name, note=clock.says(purge.confirmed_at))
        )
        gone = _("%(n)d of %(all)d, %(size)s") % {
            "n": purge.gone,
            "all": purge.files,
            "size": filesizeformat(purge.gone_size),
        }
        facts.append(FactCard(_("Gone"), gone))
    if purge.declined_by:
        facts.append(FactCard(_("Declined by"), purge.declined_by.name, note=purge.declined_because))
    return tuple(facts)


def purged(stone: Tombstone) -> str:
    """ "Purged on 3 Mar 2033 by Ada and Lin: retention over"."""
    assert stone.purge.confirmed_by
    return _("Purged on %(day)s by %(one)s and %(two)s: %(why)s") % {
        "day": dateformat.format(stone.at, "j M Y"),
        "one": stone.purge.asked_by.name,
        "two": stone.purge.confirmed_by.name,
        "why": stone.purge.why,
    }


def purged_facts(packet: Packet, stone: Tombstone) -> tuple[FactCard, ...]:
    """What is left of a packet."""
    sealed = dateformat.format(packet.sealed_at, "j M Y") if packet.sealed_at else ""
    return (
        FactCard(_("Packet"), packet.file, note=_("Version %(n)d, sealed %(day)s") % {"n": packet.version, "day": sealed}),
        FactCard(_("Purged"), purged(stone)),
        FactCard(_("Size"), filesizeformat(stone.size)),
        FactCard(_("Packet, SHA-256"), CodeCard(stone.sha256)),
        FactCard(_("Bag, SHA-256"), CodeCard(packet.bag_sha256)),
    )  # fmt: skip


def default_says() -> str:
    return _("This installation keeps records for %(years)s where a client has chosen nothing.") % {
        "years": in_years(settings.RETENTION_YEARS)
    }
