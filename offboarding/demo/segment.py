"""Segment itself, simulated: what a Workspace Owner does there by hand."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from offboarding.demo import cards, control
from offboarding.demo.door import only_here
from offboarding.lib.refusals import Refused
from offboarding.web.http import now, zone_of

CALLS_SHOWN = 15


@require_safe
@only_here
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/segment.html", {"clients": cards.places(control.workspaces())})


@require_safe
@only_here
def workspace(request: HttpRequest, slug: str) -> HttpResponse:
    return show(request, slug)


def show(request: HttpRequest, slug: str, token: str = "") -> HttpResponse:
    state = control.state(slug)
    if state is None:
        raise Http404
    text = request.GET.get("q", "")
    calls = control.calls(slug, CALLS_SHOWN)
    card = cards.place(state, calls, text, zone_of(request), now())
    return render(request, "demo/workspace.html", {"place": card, "text": text, "token": token})


@require_POST
@only_here
def act(request: HttpRequest, slug: str) -> HttpResponse:
    """One press of one button of the page: its name says what, its value to whom."""
    acts = {
        "owner": (control.make_owner, _("%(email)s is Workspace Owner now.")),
        "remove": (control.remove_member, _("%(email)s was removed.")),
        "token": (control.remove_token, _("The token %(email)s was removed.")),
        "revoke": (control.revoke_invite, _("The invitation of %(email)s was revoked.")),
    }
    pressed = next((name for name in acts if name in request.POST), "")
    if not pressed:
        raise Http404
    do, told = acts[pressed]
    email = request.POST[pressed]
    try:
        do(slug, email)
        messages.success(request, told % {"email": email})
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    except LookupError as error:
        raise Http404 from error
    return redirect("demo_workspace", slug)


@require_POST
@only_here
def token(request: HttpRequest, slug: str) -> HttpResponse:
    """Makes one and shows it in the answer, once."""
    try:
        return show(request, slug, control.make_token(slug))
    except LookupError as error:
        raise Http404 from error
