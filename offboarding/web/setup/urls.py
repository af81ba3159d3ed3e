from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.setup import views

urlpatterns: list[URLPattern] = [
    path("setup/connections/", views.connections, name="connections"),
    path("setup/connections/<int:pk>/token/", views.token, name="token"),
]
