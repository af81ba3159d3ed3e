from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.ways import views

urlpatterns: list[URLPattern] = [
    path("setup/sign-in/", views.ways, name="ways_in"),
    path("setup/sign-in/add/", views.add, name="way_add"),
    path("setup/sign-in/at/<slug:slug>/", views.way, name="way"),
    path("setup/sign-in/at/<slug:slug>/test/", views.test, name="way_test"),
    path("setup/sign-in/at/<slug:slug>/try/", views.attempt, name="way_try"),
    path("setup/sign-in/at/<slug:slug>/<slug:name>/", views.act, name="way_act"),
]
