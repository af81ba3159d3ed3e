from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.setup import connecting, connection, views

urlpatterns: list[URLPattern] = [
    path("setup/connections/", views.connections, name="connections"),
    path("setup/connections/add/", connecting.add, name="connect"),
    path("setup/connections/wanted/<int:pk>/", connecting.wanted, name="wanted"),
    path("setup/connections/wanted/<int:pk>/end/", connecting.not_wanted, name="wanted_end"),
    path("setup/connections/<int:pk>/test/", connection.test, name="connection_test"),
    path("setup/connections/<int:pk>/", connection.connection, name="connection"),
    path("setup/connections/<int:pk>/edit/", connection.edit, name="connection_edit"),
    path("setup/connections/<int:pk>/disconnect/", connection.disconnect, name="connection_end"),
    path("setup/connections/<int:pk>/token/", views.token, name="token"),
]
