"""Signing in with one press."""

from __future__ import annotations

from allauth.account.utils import get_next_redirect_url
from django.contrib.auth import login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from offboarding.demo import actions
from offboarding.demo.cast import CAST
from offboarding.demo.door import only_here
from offboarding.users.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@require_POST
@only_here
def sign_in(request: HttpRequest) -> HttpResponse:
    """As a member of the cast. Django's own `login` leaves no proof of identity behind: whoever decides still proves it."""
    wanted = request.POST.get("email", "")
    if wanted not in {player.email for player in CAST}:
        raise Http404
    user = User.objects.filter(email=wanted, is_active=True).first()
    if user is None:
        raise Http404
    with transaction.atomic():
        login(request, user, backend=BACKEND)
        actions.signed_in(user)
    return HttpResponseRedirect(get_next_redirect_url(request) or "/")
