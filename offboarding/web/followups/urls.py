from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.followups import views

urlpatterns: list[URLPattern] = [path("follow-ups/", views.agenda, name="follow_ups")]
