from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.delegations import views

urlpatterns: list[URLPattern] = [
    path("me/delegations/", views.delegations, name="delegations"),
    path("me/delegations/confirm/", views.confirm, name="delegation_confirm"),
    path("me/delegations/<int:pk>/cancel/", views.cancel, name="delegation_cancel"),
]
