from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.start import views

urlpatterns: list[URLPattern] = [path("setup/start/", views.start, name="start")]
