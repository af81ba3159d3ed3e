"""The work queue, the list of requests, and the search."""

from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.work import queue, requests, search

urlpatterns: list[URLPattern] = [
    path("", queue.work, name="work"),
    path("requests/", requests.requests, name="requests"),
    path("search/", search.search, name="search"),
]
