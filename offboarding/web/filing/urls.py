"""Filing a request: four short pages, saved as a draft from the first, and what comes after sending."""

from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.filing import many, places, sending, who

urlpatterns: list[URLPattern] = [
    path("requests/many/", many.many, name="many"),
    path("requests/many/people.csv", many.template, name="many_template"),
    path("requests/many/<int:pk>/", many.one, name="many_list"),
    path("requests/new/", who.new, name="file"),
    path("requests/new/R-<int:number>/", who.draft, name="draft"),
    path("requests/new/R-<int:number>/results/", who.results, name="draft_results"),
    path("requests/new/R-<int:number>/found/", places.found, name="draft_found"),
    path("requests/new/R-<int:number>/found/results/", places.results, name="draft_found_results"),
    path("requests/new/R-<int:number>/details/", sending.details, name="draft_details"),
    path("requests/new/R-<int:number>/check/", sending.check, name="draft_check"),
    path("requests/new/R-<int:number>/sent/", sending.sent, name="draft_sent"),
    path("requests/new/R-<int:number>/discard/", sending.discard, name="draft_discard"),
]
