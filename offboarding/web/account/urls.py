"""Signing in, confirming who you are, and one's own settings.

The names are allauth's own, so that whatever it redirects to lands on these addresses.
"""

from __future__ import annotations

from allauth.account import views as allauth
from allauth.mfa.base import views as codes
from django.conf import settings
from django.urls import URLPattern, path

from offboarding.web.account import views
from offboarding.web.parts import parts

urlpatterns: list[URLPattern] = [
    path("signin/", views.sign_in, name="account_login"),
    path("signin/code/", codes.authenticate, name="mfa_authenticate"),
    path("signin/zone/", views.zone, name="first_zone"),
    path("signin/stay/", views.stay, name="stay"),
    path("signin/kept/", views.what_was_kept, name="kept"),
    path("confirm-identity/", allauth.reauthenticate, name="account_reauthenticate"),
    path("confirm-identity/code/", codes.reauthenticate, name="mfa_reauthenticate"),
    path("second-factor/", views.second_factor, name="second_factor"),
    path("me/", views.me, name="me"),
    path("me/browsers/<int:pk>/end/", views.end_browser, name="browser_end"),
    path("help/keys/", views.keys, name="keys"),
]
if settings.DEBUG:
    urlpatterns.append(path("help/parts/", parts, name="parts"))

# Pages of allauth's that nobody has here. An administrator gives addresses: who could change their own could take
# another's place, or read what is about themself.
closed: list[URLPattern] = [
    path("account/email/", views.closed, name="closed_email"),
    path("account/confirm-email/", views.closed, name="closed_confirm_email"),
    path("account/confirm-email/<path:key>", views.closed, name="closed_confirm_email_key"),
    path("account/login/code/confirm/", views.closed, name="closed_login_code"),
    path("account/signup/", views.closed, name="closed_signup"),
]
