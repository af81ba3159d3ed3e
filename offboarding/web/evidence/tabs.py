"""The pages under Evidence that somebody may see."""

from __future__ import annotations

from django.utils.translation import gettext as _

from offboarding.directory.rules import Scope
from offboarding.reports.walls import READERS
from offboarding.web.cards import TabCard, TabsCard


def tabs(scope: Scope, current: str) -> TabsCard:
    reads = scope.has(*READERS)
    places = (
        ("packets", _("Packets"), "/evidence/", True),
        ("population", _("Population"), "/reports/population/", reads),
        ("audit", _("Audit log"), "/audit/", reads),
        ("verify", _("Verify a file"), "/verify/", True),
    )
    shown = tuple(TabCard(label, url, current == name) for name, label, url, own in places if own)
    return TabsCard(_("Evidence"), shown)
