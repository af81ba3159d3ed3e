"""Signing in elsewhere: out to a provider, and back."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from offboarding.users.adapter import PROOF, SIGN_IN, posts_too_often, refuse, refused_too_often
from offboarding.users.admission import No
from offboarding.users.models import SignInProvider
from offboarding.users.queries import links_of, provider_named
from offboarding.web import errors
from offboarding.web.http import Request, page, safe, signed_in_halfway, taken
from offboarding.web.signin import openid, saml

# requests' errors are OSErrors; a description without what it needs is a KeyError, and one that is none a ValueError.
TROUBLE = (OSError, OAuth2Error, KeyError, ValueError)


def provider_or_404(slug: str) -> SignInProvider:
    row = provider_named(slug)
    if row is None or not row.is_filled_in:
        raise Http404
    return row


def with_button(slug: str) -> SignInProvider:
    row = provider_or_404(slug)
    if not row.is_on:
        raise Http404
    return row


@require_safe
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    """The button on the sign-in page. A link, since a form that leads to another site is against our own page policy."""
    return leave(request, with_button(slug), SIGN_IN, safe(request, request.GET.get("next", "")))


@require_safe
@signed_in_halfway
def prove(request: Request, slug: str) -> HttpResponse:
    """Once more, by signing in afresh where the person comes from.

    First a page with a link: whoever comes here from a form of ours may not be sent on to another site by it.
    """
    row = with_button(slug)
    if row not in links_of(request.user):
        raise Http404
    after = safe(request, request.GET.get("next", ""))
    if "go" in request.GET:
        return leave(request, row, PROOF, after, fresh=True)
    url = f"{request.path}?{urlencode({'next': after, 'go': 1})}"
    return page(request, "account_pages/prove.html", {"url": url, "name": row.name})


def leave(
    request: Any, row: SignInProvider, purpose: str, after: str, *, fresh: bool = False
) -> HttpResponse:
    """Off to the provider. What it is asked for stays here, in the session; nothing of it can come out of an address."""
    if refused_too_often(request):
        return too_often(request)
    data = {"purpose": purpose, "nonce": secrets.token_urlsafe(24), "asked_at": time.time()}
    process = AuthProcess.LOGIN if purpose == SIGN_IN else AuthProcess.REDIRECT
    try:
        if row.kind == row.Kind.SAML:
            return saml.leave(request, row, process, after, data, fresh)
        return openid.leave(request, row.slug, process, after, data, fresh)
    except ImmediateHttpResponse as answer:
        return answer.response  # type: ignore[no-any-return]
    except TROUBLE as error:
        return turned_away(request, row, No(type(error).__name__, away_sentence(row)))


@taken
def back(request: HttpRequest, slug: str) -> HttpResponse:
    """An OpenID Connect provider sends the browser here."""
    row = provider_or_404(slug)
    if row.kind != row.Kind.OIDC:
        raise Http404
    if refused_too_often(request):
        return too_often(request)
    try:
        return openid.come_back(request, row.slug)
    except TROUBLE as error:
        return turned_away(request, row, No(type(error).__name__, away_sentence(row)))


@csrf_exempt
@require_POST
def acs(request: HttpRequest, slug: str) -> HttpResponse:
    """A SAML provider's page posts here. Nothing is decided yet: our session is not with it."""
    row = saml_or_404(slug)
    if refused_too_often(request) or posts_too_often(request):
        return too_often(request)
    if len(request.POST.get("SAMLResponse", "")) > saml.LONGEST_ANSWER:
        return turned_away(request, row, No("too-long", unaccepted(row)))
    return saml.keep_answer(request, slug)


@require_safe
def done(request: HttpRequest, slug: str) -> HttpResponse:
    row = saml_or_404(slug)
    if refused_too_often(request):
        return too_often(request)
    try:
        return saml.finish(request, row)
    except saml.NotAccepted as why:
        return turned_away(request, row, No(str(why), unaccepted(row)))
    except TROUBLE as error:
        return turned_away(request, row, No(type(error).__name__, away_sentence(row)))


@require_safe
def metadata(request: HttpRequest, slug: str) -> HttpResponse:
    """For the provider to read: our names and addresses, no secret."""
    row = provider_named(slug)
    if row is None or row.kind != row.Kind.SAML:
        raise Http404
    return HttpResponse(saml.metadata(request, row), content_type="application/samlmetadata+xml")


def saml_or_404(slug: str) -> SignInProvider:
    row = provider_or_404(slug)
    if row.kind != row.Kind.SAML:
        raise Http404
    return row


def turned_away(request: HttpRequest, row: SignInProvider, no: No) -> HttpResponse:
    try:
        refuse(request, row.slug, no)
    except ImmediateHttpResponse as answer:
        return answer.response  # type: ignore[no-any-return]


def unaccepted(row: SignInProvider) -> str:
    return _(
        "What %(name)s answered was not accepted. Press its button again; if it stays so, tell an administrator."
    ) % {"name": row.name}


def away_sentence(row: SignInProvider) -> str:
    return _("%(name)s does not answer as it should. Try again in a moment, or tell an administrator.") % {
        "name": row.name
    }


def too_often(request: HttpRequest) -> HttpResponse:
    text = _("Too many sign-ins from here were refused. Wait 5 minutes, then try again.")
    answer = errors.answer(request, _("Too many tries"), text, 429)
    answer["Retry-After"] = "300"
    return answer
