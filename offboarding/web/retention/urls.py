from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.retention import views

urlpatterns: list[URLPattern] = [
    path("setup/clients/<int:pk>/retention/", views.keeping, name="client_retention"),
    path("setup/clients/<int:pk>/hold/", views.client_hold, name="client_hold"),
    path("requests/R-<int:number>/hold/", views.removal_hold, name="removal_hold"),
]
