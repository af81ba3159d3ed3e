"""Proving once more who one is, right before an act that matters. Which proof counts stands here and nowhere else.

Where a second factor is required, a password alone proves nothing, and neither does a sign-in at somebody else's
page. django-allauth's own decorator asks nothing of people who have neither a password nor a second factor; this does.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from offboarding.directory.rules import Scope
from offboarding.users.rules import ACTING

METHODS = {"password": "password", "totp": "code", "webauthn": "passkey", "recovery_codes": "recovery code"}
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
SECOND = frozenset({"totp", "webauthn", "recovery_codes"})


def needs_factor(scope: Scope) -> bool:
    """True for people whose roles let them decide, execute, reveal or export, if this installation requires it."""
    return settings.SECOND_FACTOR_REQUIRED and scope.has(*ACTING)


def lacks_factor(request: Any, scope: Scope) -> bool:
    return needs_factor(scope) and not is_mfa_enabled(request.user, FACTORS)


def to_proof(request: Any, after: str) -> HttpResponseRedirect:
    """To the page that asks for the proof which counts for this person, and from there to `after`."""
    return redirect(f"{reverse(page_for(request))}?{urlencode({'next': after})}")


def page_for(request: Any) -> str:
    if not needs_factor(request.scope):
        return "account_reauthenticate"
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
        if float(each.get("at", 0)) > oldest
    ]
    if needs_factor(request.scope):
        kinds = [kind for kind in kinds if kind in SECOND]
    return METHODS.get(kinds[-1], kinds[-1]) if kinds else ""
