from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.keys import views

urlpatterns: list[URLPattern] = [
    path("setup/api/", views.keys, name="api_keys"),
    path("setup/api/new/", views.new, name="api_key_new"),
    path("setup/api/<int:pk>/end/", views.end, name="api_key_end"),
]
