from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.policies import confirming, views

urlpatterns: list[URLPattern] = [
    path("setup/policies/", views.policies, name="policies"),
    path("setup/policies/applies/", views.applies, name="policy_applies"),
    path("setup/policies/new/", views.new, name="policy_new"),
    path("setup/policies/confirm/", confirming.confirm, name="policy_confirm"),
    path("setup/policies/<int:pk>/", views.policy, name="policy"),
    path("setup/policies/<int:pk>/change/", views.change, name="policy_change"),
    path("setup/policies/<int:pk>/end/", views.end, name="policy_end"),
    path("setup/policies/proposals/<int:pk>/", views.proposal, name="policy_proposal"),
    path("setup/policies/proposals/<int:pk>/<slug:name>/", views.decide, name="policy_decide"),
]
