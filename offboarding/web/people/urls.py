from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.people import confirming, correcting, delegated, proposed, views

urlpatterns: list[URLPattern] = [
    path("setup/people/", views.people, name="people"),
    path("setup/people/invite/", views.invite, name="invite"),
    path("setup/people/confirm/", confirming.confirm, name="confirm_people"),
    path("setup/people/proposals/confirm/", proposed.confirm, name="confirm_people_proposal"),
    path("setup/people/proposals/<int:pk>/", proposed.proposal, name="people_proposal"),
    path("setup/people/proposals/<int:pk>/<slug:name>/", proposed.decide, name="people_proposal_decide"),
    path("setup/people/<int:pk>/", views.person, name="person"),
    path(
        "setup/people/<int:pk>/delegations/<int:delegation>/end/",
        delegated.end,
        name="person_delegation_end",
    ),
    path("setup/people/<int:pk>/correct/", correcting.correct, name="person_correct"),
    path("setup/people/<int:pk>/<slug:name>/", views.act, name="person_act"),
]
