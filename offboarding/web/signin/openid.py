"""OpenID Connect: django-allauth speaks it; here is what we ask beyond that.

A nonce binds the ID token to this browser (OpenID Connect Core 1.0, 3.1.2.1), the ID token is never missing, its issuer
is the one that was entered, and user info counts only for the same subject (5.3.2).
"""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from offboarding.gateways.openid import by_header, methods_of
from offboarding.lib.hashing import sha256_hex
from offboarding.users.adapter import OurOwn
from offboarding.users.admission import Arrival, Claim

DESCRIPTION_LASTS = 300  # seconds
LONGEST_SUBJECT = 191  # of the column in which django-allauth keeps it


class Exchange(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """One sign-in: from the redirect to what the provider says of the person."""

    def get_provider(self) -> Provider:
        return Provider(self.request, get_adapter().get_app(self.request, self.provider_id))

    @property
    def openid_config(self) -> dict[str, Any]:
        """Asked for once in 5 minutes, so that nobody makes us call the provider with each press."""
        key = f"openid:{self.provider_id}:{sha256_hex(self.get_provider().server_url.encode())}"
        found: dict[str, Any] | None = cache.get(key)
        if found is None:
            found = super().openid_config
            cache.set(key, found, DESCRIPTION_LASTS)
        return found

    @property
    def basic_auth(self) -> bool:
        """As the administrator's test does it. django-allauth sends the form to who says nothing of it."""
        return by_header(methods_of(self.openid_config))

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return callback_url(request, self.provider_id)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        try:
            login = super().complete_login(request, app, token, **kwargs)
            said = login.account.extra_data
            arrival = arrived(
                said.get("id_token") or {}, said.get("userinfo") or {}, app.settings["server_url"]
            )
        except (ImproperlyConfigured, KeyError, TypeError, ValueError) as error:
            # Something that the protocol promises is not there, or the subject is too long to keep.
            raise OAuth2Error(type(error).__name__) from None
        login.arrival, login.account.extra_data = arrival, {}
        login.account.uid = arrival.claim.subject
        return login


class Provider(OurOwn, OpenIDConnectProvider):  # type: ignore[misc]
    oauth2_adapter_class = Exchange


def callback_url(request: HttpRequest, slug: str) -> str:
    return request.build_absolute_uri(reverse("sign_in_back", kwargs={"slug": slug}))


def arrived(token: dict[str, Any], info: dict[str, Any], issuer: str) -> Arrival:
    """Raises KeyError or ValueError where the two do not say what they must."""
    subject = str(token["sub"])
    if str(token["iss"]).rstrip("/") != issuer.rstrip("/"):
        raise ValueError("another issuer")
    if not 0 < len(subject) <= LONGEST_SUBJECT or ("sub" in info and str(info["sub"]) != subject):
        raise ValueError("another subject")
    says = info if info.get("email") else token
    at = token.get("auth_time")
    return Arrival(
        Claim(subject, str(says.get("email") or ""), verified(says.get("email_verified"))),
        nonce=str(token.get("nonce") or ""),
        signed_in_at=float(at) if isinstance(at, int | float) else None,
    )


def verified(said: object) -> bool | None:
    """Some providers write the word instead of the value."""
    return {"true": True, "false": False}.get(str(said).casefold())


def leave(
    request: HttpRequest, slug: str, process: str, after: str, data: dict[str, Any], fresh: bool
) -> HttpResponse:
    """To the provider. `fresh`: it has to ask for the password again, and to say when it did (3.1.2.1)."""
    more = {"prompt": "login", "max_age": "0"} if fresh else {}
    params = {"nonce": data["nonce"], **more}
    provider = Exchange(request, slug).get_provider()
    answer: HttpResponse = provider.redirect(request, process, next_url=after, data=data, auth_params=params)
    return answer


def come_back(request: HttpRequest, slug: str) -> HttpResponse:
    answer: HttpResponse = OAuth2CallbackView.adapter_view(Exchange(request, slug))(request)
    return answer
