from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.verify import views

urlpatterns: list[URLPattern] = [path("verify/", views.verify, name="verify")]
