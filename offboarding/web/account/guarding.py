"""Who changes what opens this person's sign-in has proved to be them, with as much as it takes to act in their name.

django-allauth asks a password of who has one, also beside a second factor, and nothing of who comes from a provider. So a
browser that was left open would give whoever finds it a passkey of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from offboarding.users.queries import FACTORS, links_of
from offboarding.web.proof import SECOND, factor_page

CHANGES = frozenset(
    {
        "account_set_password",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_add_webauthn",
        "mfa_remove_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
    }
)


def factors(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: Any, *_: Any) -> HttpResponse | None:
        named = request.resolver_match.url_name
        return asked(request) if named in CHANGES and request.user.is_authenticated else None

    handler: Any = middleware
    handler.process_view = process_view
    return handler  # type: ignore[no-any-return]


def asked(request: Any) -> HttpResponse | None:
    """Where to prove it first; None if it is proved, or if allauth asks for the password by itself."""
    held = Authenticator.objects.filter(user=request.user, type__in=FACTORS).order_by("created_at").first()
    if held is not None:
        begun = held.created_at.timestamp()
        return None if proved(request, begun) else away(request, reverse(factor_page(request)))
    if request.user.has_usable_password() or came_lately(request):
        return None
    for provider in links_of(request.user):
        return away(request, reverse("prove_with", args=[provider.slug]))
    messages.error(request, _("Sign out, and in again, to change this."))
    return redirect("me")


def proved(request: Any, begun: float) -> bool:
    """With a second factor; or with whatever there was before the first one was set up, for as long as that counts."""
    return any(each.get("type") in SECOND or float(each["at"]) < begun for each in lately(request))


def came_lately(request: Any) -> bool:
    return any(each.get("method") == "socialaccount" for each in lately(request))


def lately(request: Any) -> list[dict[str, Any]]:
    oldest = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    records = get_authentication_records(request, request.user)
    return [each for each in records if float(each.get("at", 0)) > oldest]


def away(request: HttpRequest, page: str) -> HttpResponse:
    return redirect(f"{page}?{urlencode({'next': request.path})}")
