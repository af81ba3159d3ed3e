"""Putting right what somebody is called, and the address that they sign in with."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from offboarding.directory import correcting
from offboarding.directory.grants import grants_of
from offboarding.directory.rules import within_reach
from offboarding.lib.refusals import Refused
from offboarding.web.http import Request, signed_in
from offboarding.web.people import held
from offboarding.web.people.forms import Line
from offboarding.web.people.reach import CONFIRM, person_or_404
from offboarding.web.people.views import administered, person_page
from offboarding.web.proof import to_proof


@require_POST
@signed_in
def correct(request: Request, pk: int) -> HttpResponse:
    """Nothing changes before it is confirmed, after a fresh proof."""
    user = person_or_404(request, pk)
    own = within_reach(request.scope, grants_of(user))
    where = administered(request, own)
    typed = request.POST.get("email", "").strip(), request.POST.get("name", "").strip()
    try:
        email, name = correcting.checked(request.scope, user, *typed)
    except Refused as wrong:
        return person_page(request, user, where, tuple(Line.of(grant) for grant in own), wrong, typed)
    held.keep(request, held.CORRECT, user.pk, email=email, name=name)
    return to_proof(request, CONFIRM)
