from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.trail import views

HERE = "setup/connections/<int:pk>/events/"
urlpatterns: list[URLPattern] = [
    path(HERE, views.trail, name="trail"),
    path(f"{HERE}copy/", views.copy, name="trail_copy"),
    path(f"{HERE}file/", views.add_file, name="trail_file"),
]
