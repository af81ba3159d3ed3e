from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.collaborators import merging, views

PERSON = "people/<int:pk>/"

urlpatterns: list[URLPattern] = [
    path("people/", views.collaborators, name="collaborators"),
    path("people/add/", views.add, name="collaborator_add"),
    path(PERSON, views.person, name="collaborator"),
    path(PERSON + "edit/", views.edit, name="collaborator_edit"),
    path(PERSON + "addresses/", views.add_address, name="collaborator_address"),
    path(
        PERSON + "addresses/<int:address>/<slug:name>/", views.move_address, name="collaborator_address_move"
    ),
    path(PERSON + "engagements/", views.join, name="collaborator_join"),
    path(PERSON + "engagements/<int:engagement>/leave/", views.leave, name="collaborator_leave"),
    path(PERSON + "merge/", merging.merge, name="collaborator_merge"),
]
