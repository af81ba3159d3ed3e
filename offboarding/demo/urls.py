from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.demo import views

urlpatterns: list[URLPattern] = [
    path("demo/signin/", views.sign_in, name="demo_signin"),
]
