"""Signing in, and what people set for themselves."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from allauth.account.views import LoginView
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.lib.refusals import Refused
from offboarding.users import actions as users
from offboarding.users import queries
from offboarding.web import kept, sittings
from offboarding.web.account.forms import SettingsForm, ZoneForm
from offboarding.web.cards import FactCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, safe, signed_in, signed_in_halfway
from offboarding.web.proof import lacks_factor

# Where somebody wanted to go who first has to set up a second factor; the page with the recovery codes leads there.
WANTED = "wanted_before_factor"


class SignIn(LoginView):  # type: ignore[misc]
    """allauth's page, with a button for each provider."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        after = self.request.GET.get("next") or self.request.POST.get("next", "")
        tail = f"?{urlencode({'next': after})}" if after else ""
        ways = [(reverse("sign_in_with", args=[row.slug]) + tail, row.name) for row in queries.ways_in()]
        return {**context, "ways_in": ways, "only_elsewhere": settings.ONLY_SINGLE_SIGN_ON}


sign_in = SignIn.as_view()


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_halfway
def me(request: Request) -> HttpResponse:
    if request.method == "POST":
        return save(request, SettingsForm(request.POST))
    user = request.user
    initial = {"time_zone": user.time_zone, "theme": user.theme, "shortcuts": user.shortcuts}
    return page(request, "account_pages/me.html", context(request, SettingsForm(initial=initial)))


@require_safe
@signed_in_halfway
def second_factor(request: Request) -> HttpResponse:
    """Why this is not open yet, and the ways to go on. Who has a factor goes where they wanted to go, also later."""
    after = safe(request, request.GET.get("next") or request.session.get(WANTED, ""))
    if not lacks_factor(request):
        request.session.pop(WANTED, None)
        return redirect(after)
    request.session[WANTED] = after
    return page(request, "account_pages/second_factor.html", {"ways": factor_ways(), "next": after})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_halfway
def zone(request: Request) -> HttpResponse:
    """The first time, people say in which zone they read times; the script proposes the browser's."""
    after = safe(request, request.GET.get("next", ""))
    if request.method != "POST":
        form = ZoneForm(initial={"time_zone": request.user.time_zone or settings.TIME_ZONE})
        return page(request, "account_pages/zone.html", {"form": form, "next": after})
    form = ZoneForm(request.POST)
    if not form.is_valid():
        return page(request, "account_pages/zone.html", {"form": form, "next": after}, 422)
    user = request.user
    users.prefer(user, theme=user.theme, shortcuts=user.shortcuts, **form.cleaned_data)
    return redirect(after)


def stay(request: HttpRequest) -> HttpResponse:
    """When this sign-in ends. A GET is no activity and puts nothing off; a POST does."""
    if not request.user.is_authenticated:
        return JsonResponse({"says": "signed out"}, status=401)
    if request.method == "POST":
        sittings.stay(request.session, time.time())
    ends = sittings.ends(request.session, time.time())
    return JsonResponse({"ends": datetime.fromtimestamp(ends.at, UTC).isoformat(), "extends": ends.extends})


@require_POST
@signed_in_halfway
def end_browser(request: Request, pk: int) -> HttpResponse:
    """Foreign and unknown are the same answer."""
    if not UserSession.objects.filter(pk=pk, user=request.user).exists():
        raise Http404
    users.end_browser(request.user, pk, str(request.session.session_key))
    messages.success(request, _("That browser is signed out."))
    return redirect("usersessions_list")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def what_was_kept(request: Request) -> HttpResponse:
    """What was typed before the sign-in ended: to be sent now, or dropped."""
    found = kept.kept_for(request)
    if request.method == "POST" or found is None:
        kept.forget(request)
        return redirect(found.came_from if found else "/")
    texts = [
        FactCard(name.replace("_", " ").replace("-", " ").capitalize(), text) for name, text in found.texts
    ]
    return page(request, "account_pages/kept.html", {"kept": found, "texts": texts})


def closed(_request: HttpRequest, **_: str) -> HttpResponse:
    raise Http404


def factor_ways() -> tuple[tuple[str, str, str], ...]:
    return (
        (
            reverse("mfa_add_webauthn"),
            _("Add a passkey"),
            _("The safest: your fingerprint, your face or a security key. It cannot be phished."),
        ),
        (
            reverse("mfa_activate_totp"),
            _("Set up an authenticator app"),
            _("It shows six digits that change every half minute."),
        ),
    )


def save(request: Request, form: SettingsForm) -> HttpResponse:
    if not form.is_valid():
        return page(request, "account_pages/me.html", context(request, form), 422)
    try:
        users.prefer(request.user, **form.cleaned_data)
    except Refused as refusal:
        form.add_error(refusal.facts.get("field"), refusal.sentence)
        return page(request, "account_pages/me.html", context(request, form), status_of(refusal))
    messages.success(request, _("Your settings are saved."))
    return redirect("me")


def context(request: Request, form: SettingsForm) -> dict[str, Any]:
    return {
        "form": form,
        "facts": (
            FactCard(_("Name"), request.user.name),
            FactCard(_("Work e-mail"), request.user.email),
        ),
        "links": sign_in_links(),
        "decision_links": decision_links(),
    }


def decision_links() -> tuple[tuple[str, str, str], ...]:
    return (
        (
            reverse("delegations"),
            _("Decisions in your place"),
            _("let somebody decide for you for a time, and see for whom you decide"),
        ),
    )


def sign_in_links() -> tuple[tuple[str, str, str], ...]:
    """(address, label, what it is for) of the pages that keep a sign-in safe."""
    return (
        (reverse("account_change_password"), _("Change your password"), _("At least 12 characters.")),
        (reverse("mfa_list_webauthn"), _("Passkeys"), _("Sign in and confirm decisions without a password.")),
        (
            reverse("mfa_index"),
            _("Codes"),
            _("An authenticator app, and recovery codes for when it is lost."),
        ),
        (
            reverse("usersessions_list"),
            _("Browsers signed in"),
            _("See where you are signed in, and sign out there."),
        ),
        (
            reverse("api_keys"),
            _("API keys"),
            _("With one a program acts as you, until a day that you choose."),
        ),
    )


@require_safe
@signed_in_halfway
def keys(request: Request) -> HttpResponse:
    return page(request, "account_pages/keys.html", {"groups": key_groups(), "on": request.user.shortcuts})


def key_groups() -> tuple[tuple[str, tuple[tuple[tuple[str, ...], str], ...]], ...]:
    """(heading, ((keys, what they do), …)) as app.js listens for them."""
    go = (
        (("g", "w"), _("Go to your work")),
        (("g", "r"), _("Go to the requests")),
        (("g", "f"), _("Go to the follow-ups")),
    )
    here = (
        (("/",), _("Search people, requests and workspaces")),
        (("?",), _("Show this page")),
        (("Esc",), _("Close the part beside the list, and go back to where you were")),
    )
    return ((_("Go"), go), (_("On any page"), here))
