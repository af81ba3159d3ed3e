"""Small cards of the wizard's pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.web.cards import ActCard, NoticeCard, PermissionCard, StagesCard


@dataclass(frozen=True, slots=True)
class PersonCard:
    """Who was searched for, under which addresses, and which others we know of."""

    name: str
    addresses: tuple[str, ...]
    suggestions: tuple[str, ...]

    @property
    def searched(self) -> str:
        domain = self.addresses[0].rpartition("@")[2]
        count = len(self.addresses)
        return ngettext("%(domain)s, 1 address", "%(domain)s, %(count)d addresses", count) % {
            "domain": domain,
            "count": count,
        }


def stages(removal: RemovalRequest | None, current: int) -> StagesCard:
    """The four pages. Those before, and those that a draft may already go to, are links."""
    labels = (_("Who is leaving"), _("What should happen"), _("Why and when"), _("Check and send"))
    names = ("draft", "draft_found", "draft_details", "draft_check")
    reach = reached(removal)
    urls = [
        reverse(name, args=[removal.number]) if removal and at < reach else ""
        for at, name in enumerate(names)
    ]
    return StagesCard(tuple(zip(labels, urls, strict=True)), current)


def reached(removal: RemovalRequest | None) -> int:
    """How many of the pages are open: each needs the answers of the one before."""
    if removal is None:
        return 1
    if not removal.places.exists():
        return 2
    return 4 if removal.reason else 3


def may_not_file() -> PermissionCard:
    return PermissionCard(
        _("Only engagement leads, security and administrators file requests."),
        _("An administrator can give you one of these roles."),
        ActCard(_("Go to your work"), "/"),
    )


def already_notices(found: Sequence[RemovalRequest]) -> tuple[NoticeCard, ...]:
    return tuple(draft_notice(each) if each.stage == Stage.DRAFT else open_notice(each) for each in found)


def open_notice(removal: RemovalRequest) -> NoticeCard:
    says = _("%(ref)s is open for this person already.") % {"ref": removal.reference}
    text = _("%(who)s filed it. Look there first; two requests for one place get in each other's way.")
    act = ActCard(_("Open %(ref)s") % {"ref": removal.reference}, f"/requests/{removal.reference}/")
    return NoticeCard("attention", says, text % {"who": removal.requester.name}, act)


def draft_notice(removal: RemovalRequest) -> NoticeCard:
    says = _("You have another draft for this person: %(ref)s.") % {"ref": removal.reference}
    act = ActCard(
        _("Go on with %(ref)s") % {"ref": removal.reference}, reverse("draft", args=[removal.number])
    )
    return NoticeCard("info", says, "", act)
