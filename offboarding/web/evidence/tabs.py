"""The pages under Evidence that somebody may see."""

from __future__ import annotations

from django.utils.translation import gettext as _

from offboarding.directory.rules import Scope
from offboarding.reports.walls import READERS
from offboarding.web.cards import TabCard, TabsCard


def tabs(scope: Scope, current: str) -> TabsCard | None:
    """None for those who have only the packets."""
    if not scope.has(*READERS):
        return None
    places = (
        ("packets", _("Packets"), "/evidence/"),
        ("population", _("Population"), "/reports/population/"),
        ("audit", _("Audit log"), "/audit/"),
    )
    return TabsCard(_("Evidence"), tuple(TabCard(label, url, current == name) for name, label, url in places))
