from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.signin import views

urlpatterns: list[URLPattern] = [
    path("signin/with/<slug:slug>/", views.begin, name="sign_in_with"),
    path("signin/with/<slug:slug>/back/", views.back, name="sign_in_back"),
    path("signin/saml/<slug:slug>/acs/", views.acs, name="saml_acs"),
    path("signin/saml/<slug:slug>/done/", views.done, name="saml_done"),
    path("signin/saml/<slug:slug>/metadata/", views.metadata, name="saml_metadata"),
    path("confirm-identity/with/<slug:slug>/", views.prove, name="prove_with"),
]
