from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.retention import purges, views

urlpatterns: list[URLPattern] = [
    path("setup/clients/<int:pk>/retention/", views.keeping, name="client_retention"),
    path("setup/clients/<int:pk>/hold/", views.client_hold, name="client_hold"),
    path("setup/clients/<int:pk>/purge/", purges.purges, name="client_purges"),
    path("setup/clients/<int:pk>/purge/ask/", purges.ask, name="client_purge_ask"),
    path("setup/clients/<int:pk>/purge/confirm/", purges.confirm, name="client_purge_confirm"),
    path("setup/clients/<int:pk>/purge/decline/", purges.decline, name="client_purge_decline"),
    path("requests/R-<int:number>/hold/", views.removal_hold, name="removal_hold"),
]
