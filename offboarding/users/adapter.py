"""How django-allauth behaves here."""

from __future__ import annotations

import hmac
from typing import Any, ClassVar, NoReturn
from urllib.parse import urlencode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import (
    clear_authentication_records,
    get_authentication_records,
    record_authentication,
)
from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from offboarding.gateways.openid import Session
from offboarding.ledger.actions import APP, Event, record
from offboarding.lib.refusals import Refused
from offboarding.users import throttle
from offboarding.users.admission import (
    Arrival,
    No,
    Way,
    again,
    first_time,
    no_proof,
    not_vouched_for,
    wrong_way,
)
from offboarding.users.linking import link
from offboarding.users.models import SignInProvider, User
from offboarding.users.queries import (
    decides,
    has_factor,
    is_break_glass,
    known,
    provider_named,
    standing_of,
    trust_in,
    user_at,
)
from offboarding.users.rules import actor_of
from offboarding.users.sealed import NotOpenable, opened, seal

SIGN_IN, PROOF, TRY = "sign-in", "proof", "try"
TRIED = "sign_in_tried"
# Sign-ins elsewhere that were refused, from one address of the network.
MOST, WINDOW = 20, 300
MOST_ANSWERS = 60
WAYS = {"socialaccount": Way.ELSEWHERE, "mfa": Way.PASSKEY}


class AccountAdapter(DefaultAccountAdapter):
    """People are invited by an administrator; nobody signs up."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "E-mail or password is not right. Check both, or use another way to sign in."
        ),
        "enter_current_password": _("This is not your password now. Type the one that you sign in with."),
        "too_many_login_attempts": _("Too many wrong tries. Wait 5 minutes, then try again."),
    }

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("me")

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """An address that cannot be read leads nowhere: django-allauth takes it apart before it judges it."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Whoever comes in by a way that is not theirs is turned away, after the proof and before the session."""
        if answer := super().pre_login(request, user, **kwargs):
            return answer  # type: ignore[no-any-return]
        ways = ways_of(request, user)
        if no := wrong_way(ways[-1] if ways else Way.PASSWORD, standing_of(user)):
            note_refused(no.code, address=user.email)
            clear_login(request)
            clear_authentication_records(request)
            messages.error(request, no.sentence)
            return redirect("account_login")
        return None

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Written down; and whoever has chosen no time zone yet is asked for it first."""
        ways = ways_of(request, user)
        with transaction.atomic():
            record(Event.SIGNED_IN, actor=actor_of(user), facts={"method": " and ".join(dict.fromkeys(ways))})
            if is_break_glass(user):
                personal = {"from": self.get_client_ip(request)}
                record(
                    Event.BREAK_GLASS_USED, actor=actor_of(user), facts={"user": user.pk}, personal=personal
                )
        answer = super().post_login(request, user, **kwargs)
        if user.time_zone:
            return answer
        return redirect(f"{reverse('first_zone')}?{urlencode({'next': answer['Location']})}")

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Beside a second factor a password proves nothing, so its page neither is offered nor takes one."""
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        weak = "reauthenticate" if user.is_authenticated and has_factor(user) else ""
        return [each for each in found if each["id"] != weak]

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        note_refused("wrong-password", address=str(credentials.get("email") or "")[:254])


def ways_of(request: HttpRequest, user: User) -> list[Way]:
    """How the person proved who they are in this sign-in, the first proof first (django-allauth's own record)."""
    records = get_authentication_records(request, user)
    return [WAYS.get(str(each.get("method")), Way.PASSWORD) for each in records]


def note_refused(why: str, address: str = "", provider: str = "") -> None:
    facts = {"why": why, **({"provider": provider} if provider else {})}
    with transaction.atomic():
        record(Event.SIGN_IN_FAILED, actor=APP, facts=facts, personal={"address": address})


class OurOwn:
    """Mixed into allauth's providers: between the provider and the second factor the session keeps which row it is.

    allauth would keep the kind and the client id, which two providers may share.
    """

    app: SocialApp

    def serialize(self) -> dict[str, str]:
        return {"id": self.app.provider_id, "app.client_id": self.app.client_id}


class SocialAdapter(DefaultSocialAccountAdapter):
    """Providers come from our own table, where their secrets are sealed; and nobody is let in by allauth's own matching.

    django-allauth would keep a client secret in clear, and would take an unknown subject for whoever has its address.
    """

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        apps = [app_of(row) for row in SignInProvider.objects.all() if provider in (None, row.slug)]
        return [app for app in apps if client_id in (None, app.client_id)]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def get_requests_session(self) -> Session:
        return Session(simulators=settings.SIMULATORS)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> NoReturn:
        """The person learns that it did not work. The exception may hold what the token endpoint said: it goes nowhere."""
        name = getattr(provider, "name", "")
        if str(error) == "cancelled":
            refuse(
                request,
                provider.app.provider_id,
                No("cancelled", f"You came back from {name} without signing in."),
            )
        code = type(exception).__name__ if exception else "not-asked"
        refuse(
            request,
            provider.app.provider_id,
            No(
                code,
                f"Signing in with {name} did not work. Press its button again; if it stays so, tell an administrator.",
            ),
        )

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """The provider has spoken, nobody is in yet. What it was asked for stands in the state that this session kept."""
        sociallogin.token = None  # nothing is done with it, and the session would keep it
        asked = sociallogin.state.get("data") or {}
        row = provider_named(sociallogin.account.provider)
        purpose, arrival = asked.get("purpose"), sociallogin.arrival
        if row is None or purpose not in (SIGN_IN, PROOF, TRY):
            refuse(request, sociallogin.account.provider, No("not-asked", "Begin at the sign-in page."))
        nonce = str(asked.get("nonce", ""))
        if row.kind == row.Kind.OIDC and not (nonce and hmac.compare_digest(arrival.nonce, nonce)):
            refuse(
                request,
                row.slug,
                No("wrong-nonce", f"That answer of {row.name} was not for this browser. Try again."),
            )
        {SIGN_IN: let_in, PROOF: prove, TRY: show}[purpose](request, row, sociallogin, asked)


def app_of(row: SignInProvider) -> SocialApp:
    """As allauth wants it, in memory only."""
    if row.kind == row.Kind.SAML:
        return SocialApp(provider="saml", provider_id=row.slug, name=row.name, client_id=row.slug)
    try:
        secret = opened(row.sealed_secret) if row.sealed_secret else ""
    except NotOpenable:
        secret = ""
    return SocialApp(
        provider="openid_connect",
        provider_id=row.slug,
        name=row.name,
        client_id=row.client_id,
        secret=secret,
        settings={"server_url": row.issuer.rstrip("/"), "oauth_pkce_enabled": True, "verified_email": False},
    )


def let_in(request: HttpRequest, row: SignInProvider, sociallogin: Any, asked: dict[str, Any]) -> None:
    arrival: Arrival = sociallogin.arrival
    if not row.is_on:
        refuse(request, row.slug, No("off", f"Nobody signs in with {row.name} at the moment."))
    if sociallogin.is_existing:
        if no := again(sociallogin.user.is_active) or doubted(row, sociallogin.user):
            refuse(request, row.slug, no, arrival.claim.address)
        return
    try:
        sociallogin.account = link(row, arrival.claim)
    except Refused as refusal:
        refuse(request, row.slug, No(refusal.code, refusal.sentence), arrival.claim.address)
    sociallogin.user = sociallogin.account.user


def prove(request: HttpRequest, row: SignInProvider, sociallogin: Any, asked: dict[str, Any]) -> None:
    """A fresh sign-in there, of the person who is signed in here."""
    same = request.user.is_authenticated and row.is_on and sociallogin.user == request.user
    no = no_proof(same, sociallogin.arrival.signed_in_at, float(asked["asked_at"]), row.name)
    if no := no or doubted(row, sociallogin.user):
        refuse(request, row.slug, no, sociallogin.arrival.claim.address)
    record_authentication(request, request.user, "socialaccount", provider=row.slug, reauthenticated=True)


def show(request: HttpRequest, row: SignInProvider, sociallogin: Any, asked: dict[str, Any]) -> None:
    """An administrator tries the provider: what it says is shown to them, and nobody comes in."""
    claim = sociallogin.arrival.claim
    if sociallogin.is_existing:
        no, name = again(sociallogin.user.is_active) or doubted(row, sociallogin.user), sociallogin.user.name
    else:
        user = user_at(claim.address)
        no, name = first_time(claim, trust_in(row), known(user)), user.name if user else ""
        no = no or (doubted(row, user) if user else None)
    request.session[TRIED] = {
        "provider": row.slug,
        "subject": claim.subject,
        "address": claim.address,
        "verified": claim.verified,
        "name": name,
        "no": no.sentence if no else "",
    }


def doubted(row: SignInProvider, user: User) -> No | None:
    return not_vouched_for(row.name, row.is_vouched_for, decides(user))


def refuse(request: HttpRequest, provider: str, no: No, address: str = "") -> NoReturn:
    """Back to the sign-in page with the sentence. It counts against the address in the network that it came from."""
    throttle.count("elsewhere", AccountAdapter(request).get_client_ip(request), WINDOW)
    note_refused(no.code, address, provider)
    messages.error(request, no.sentence)
    raise ImmediateHttpResponse(redirect("account_login"))


def refused_too_often(request: HttpRequest) -> bool:
    return throttle.spent("elsewhere", AccountAdapter(request).get_client_ip(request), MOST, WINDOW)


def posts_too_often(request: HttpRequest) -> bool:
    """Counts an answer that waits in the database to be read; nobody has to be known for leaving one."""
    return throttle.count("answer", AccountAdapter(request).get_client_ip(request), WINDOW) > MOST_ANSWERS


class MFAAdapter(DefaultMFAAdapter):
    """Codes' secrets are sealed at rest."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return opened(encrypted_text)
