"""Decisions that somebody lets another person take, or takes in another one's place: shown to administrators, who can end it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from offboarding.approvals.delegations.queries import open_among
from offboarding.approvals.models import Delegation
from offboarding.directory import people as verbs
from offboarding.directory.queries import people_in
from offboarding.users.models import User
from offboarding.web.cards import ActCard
from offboarding.web.delegations.views import Row, tag, times
from offboarding.web.http import Request, signed_in
from offboarding.web.people import held
from offboarding.web.people.reach import CONFIRM, SEES, person_or_404
from offboarding.web.proof import to_proof
from offboarding.web.removal.clock import Clock


def seen(request: Request, user: User) -> list[Delegation]:
    """Whoever stands on the other side is named only to those who see them too."""
    return open_among(user, people_in(request.scope, *SEES))


def rows(request: Request, user: User, may: bool) -> list[Row]:
    """`may`: each with the button that ends it."""
    clock = Clock.of(request)
    return [
        Row(title(each), times(each, clock), each.why, tag(each, clock), ending(user, each) if may else None)
        for each in seen(request, user)
    ]


def ending(user: User, each: Delegation) -> ActCard:
    url = f"/setup/people/{user.pk}/delegations/{each.pk}/end/"
    return ActCard(_("End it"), url, "quiet", post=True)


def title(each: Delegation) -> str:
    return _("%(to)s decides for %(giver)s") % {"to": each.to.name, "giver": each.giver.name}


def one(request: Request, user: User, pk: int) -> Delegation:
    found = next((each for each in seen(request, user) if each.pk == pk), None)
    if found is None:
        raise Http404
    return found


@require_POST
@signed_in
def end(request: Request, pk: int, delegation: int) -> HttpResponse:
    """The wish to end it; nothing happens before it is confirmed."""
    user = person_or_404(request, pk)
    found = one(request, user, delegation)
    verbs.allowed(request.scope, user)
    held.keep(request, held.DELEGATION, user.pk, delegation=found.pk)
    return to_proof(request, CONFIRM)
