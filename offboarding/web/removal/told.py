"""What whoever filed it wrote beside the plan: for those who decide and those who work on it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from offboarding.removals.models import RemovalRequest
from offboarding.web.cards import FactCard


def told(removal: RemovalRequest) -> tuple[FactCard, ...]:
    """Empty where there is another page for it: a restoration gives its reason, an emergency its incident."""
    if removal.restores_id or removal.emergency:
        return ()
    return typed(removal)


def typed(removal: RemovalRequest, change_url: str = "") -> tuple[FactCard, ...]:
    given = (
        (_("Ticket"), removal.ticket),
        (_("Contract or SOW"), removal.sow),
        (_("Hand-over contact"), removal.handover),
        (_("Notes"), tuple(line for line in removal.notes.splitlines() if line.strip())),
        (_("Client"), _("Knows about it") if removal.client_informed else _("Not told yet")),
    )
    return tuple(FactCard(label, value, change_url) for label, value in given if value)
