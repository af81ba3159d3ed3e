from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.settings import views

urlpatterns: list[URLPattern] = [
    path("setup/settings/", views.settings, name="settings"),
    path("setup/settings/confirm/", views.confirm, name="settings_confirm"),
    path("setup/settings/<slug:group>/", views.versions, name="settings_versions"),
    path("setup/settings/<slug:group>/change/", views.change, name="settings_change"),
    path("setup/settings/<slug:group>/back/<int:version>/", views.back, name="settings_back"),
]
