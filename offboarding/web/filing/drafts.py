"""What the four pages share about their draft."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.web.http import Request, removal_or_404


def draft_or_away(request: Request, number: int) -> tuple[RemovalRequest, HttpResponse | None]:
    """The user's draft; and for one that was sent or thrown away, the answer that leads on instead."""
    removal = removal_or_404(request, number)
    if removal.stage == Stage.DRAFT:
        return removal, None
    if removal.filed_at is None:
        says = _("%(ref)s was thrown away. Nothing of it was sent.") % {"ref": removal.reference}
        messages.info(request, says)
        return removal, redirect("requests")
    if request.method == "POST":
        says = _("%(ref)s was sent already. What was typed there since is not part of it.")
        messages.warning(request, says % {"ref": removal.reference})
    return removal, redirect(f"/requests/{removal.reference}/")


def trigger(answer: HttpResponse, **events: str) -> HttpResponse:
    """Events that htmx raises in the page when the answer arrives."""
    answer["HX-Trigger"] = json.dumps(events)
    return answer
