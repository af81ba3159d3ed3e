from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.setup import connection, views

urlpatterns: list[URLPattern] = [
    path("setup/connections/", views.connections, name="connections"),
    path("setup/connections/<int:pk>/", connection.connection, name="connection"),
    path("setup/connections/<int:pk>/edit/", connection.edit, name="connection_edit"),
    path("setup/connections/<int:pk>/token/", views.token, name="token"),
]
