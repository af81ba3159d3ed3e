from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.demo import segment, views

urlpatterns: list[URLPattern] = [
    path("demo/signin/", views.sign_in, name="demo_signin"),
    path("demo/segment/", segment.index, name="demo_segment"),
    path("demo/segment/<slug:slug>/", segment.workspace, name="demo_workspace"),
    path("demo/segment/<slug:slug>/act/", segment.act, name="demo_act"),
    path("demo/segment/<slug:slug>/token/", segment.token, name="demo_token"),
]
