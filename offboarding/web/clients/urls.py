from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.clients import engagements, views

CLIENT = "setup/clients/<int:pk>/"
ENGAGEMENT = "setup/clients/<int:pk>/engagements/<int:engagement>/"

urlpatterns: list[URLPattern] = [
    path("setup/clients/", views.clients, name="clients"),
    path("setup/clients/add/", views.add, name="client_add"),
    path(CLIENT, views.client, name="client"),
    path(CLIENT + "edit/", views.edit, name="client_edit"),
    path(CLIENT + "end/", views.end, name="client_end"),
    path(CLIENT + "reopen/", views.reopen, name="client_reopen"),
    path(CLIENT + "engagements/add/", engagements.add, name="engagement_add"),
    path(ENGAGEMENT, engagements.engagement, name="engagement"),
    path(ENGAGEMENT + "edit/", engagements.edit, name="engagement_edit"),
    path(ENGAGEMENT + "end/", engagements.end, name="engagement_end"),
    path(ENGAGEMENT + "reopen/", engagements.reopen, name="engagement_reopen"),
    path(ENGAGEMENT + "workspaces/", engagements.cover, name="engagement_workspaces"),
    path(ENGAGEMENT + "roster/<int:person>/leave/", engagements.leave, name="engagement_leave"),
]
