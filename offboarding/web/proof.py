"""Proving once more who one is, right before an act that matters. Which proof counts stands here and nowhere else.

Where a second factor is required, only that factor proves anything: neither a password alone, nor a sign-in at a provider,
whatever it says of the factors that it asked for. Where none is required, a password does, or for who comes from a
provider a fresh sign-in there: asked for now, and dated by the provider after that. django-allauth's own decorator asks
nothing of people who have neither a password nor a second factor; this does.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from offboarding.directory.rules import Scope
from offboarding.users.queries import has_factor, links_of
from offboarding.users.rules import ACTING

METHODS = {
    "password": "password",
    "totp": "code",
    "webauthn": "passkey",
    "recovery_codes": "recovery code",
    "socialaccount": "single sign-on",
}
SECOND = frozenset({"totp", "webauthn", "recovery_codes"})


def lacks_factor(request: Any) -> bool:
    """True for who has none, if this installation requires one."""
    return settings.SECOND_FACTOR_REQUIRED and not has_factor(request.user)


def role_lacks_factor(request: Any, scope: Scope) -> bool:
    """The same for people whose roles let them decide, execute, reveal or export: nothing opens for them before."""
    return scope.has(*ACTING) and lacks_factor(request)


def needs_factor(request: Any) -> bool:
    """True if only a second factor proves this person's acts: who has one never proves with less."""
    return settings.SECOND_FACTOR_REQUIRED and (request.scope.has(*ACTING) or has_factor(request.user))


def to_proof(request: Any, after: str) -> HttpResponseRedirect:
    """To the page that asks for the proof which counts for this person, and from there to `after`."""
    return redirect(f"{page_for(request)}?{urlencode({'next': after})}")


def page_for(request: Any) -> str:
    if needs_factor(request):
        return reverse(factor_page(request))
    for provider in links_of(request.user):
        return reverse("prove_with", args=[provider.slug])
    has_password = request.user.has_usable_password()
    return reverse("account_reauthenticate" if has_password else factor_page(request))


def factor_page(request: Any) -> str:
    held = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.TOTP)
    return "mfa_reauthenticate" if held.exists() else "mfa_reauthenticate_webauthn"


def proved_since(request: Any, moment: float) -> str:
    """How the person proved who they are after `moment` (seconds since 1970), in a word; empty if they have not,
    or too long ago, or not with a second factor where it has to be one.

    allauth keeps each proof with its time (django-allauth: `account_authentication_methods` in the session).
    """
    oldest = max(moment, time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    kinds = [
        str(each.get("type") or each.get("method") or "sign-in")
        for each in get_authentication_records(request, request.user)
        if float(each.get("at", 0)) > oldest and counts(each)
    ]
    if needs_factor(request):
        kinds = [kind for kind in kinds if kind in SECOND]
    return METHODS.get(kinds[-1], kinds[-1]) if kinds else ""


def counts(record: dict[str, Any]) -> bool:
    """Coming in from a provider is no proof that it asked for anything just now; `adapter.prove` marks what is."""
    return record.get("method") != "socialaccount" or bool(record.get("reauthenticated"))
