"""What every answer carries, whoever made it: errors, redirects, health, and what never reached a page.

Of the answers of all addresses the access matrix says it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client as Browser
from django.urls import path

from offboarding import urls
from offboarding.lib.refusals import Refused
from tests.conftest import PASSWORD
from tests.web import carried
from tests.web.carried import HOST, Https, lacking

production = carried.production  # a fixture


def raising(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    def view(_request: HttpRequest) -> HttpResponse:
        raise error

    return view


ERRORS = {
    400: SuspiciousOperation("odd"),
    403: PermissionDenied(),
    404: Http404(),
    409: Refused("not-now", "Not now."),
    422: Refused("no-note", "Write a note.", field="note"),
    500: RuntimeError("broken"),
    503: OperationalError("the database is away"),
}


class Broken:
    """The product's addresses and some that fail."""

    urlpatterns = [
        *[path(f"fails/{status}/", raising(error)) for status, error in ERRORS.items()],
        *urls.urlpatterns,
    ]
    handler400, handler403, handler404, handler500 = (
        urls.handler400,
        urls.handler403,
        urls.handler404,
        urls.handler500,
    )


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("signed_in", [True, False])
def test_every_error_answers_with_them(status: int, signed_in: bool, alice: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = Broken
    browser = Https(raise_request_exception=False)
    if signed_in:
        browser.force_login(alice)
    answer = browser.get(f"/fails/{status}/")
    assert answer.status_code == status and not list(lacking(answer)), list(lacking(answer))


@pytest.mark.usefixtures("production", "db")
@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda: Https().get("/", SERVER_NAME="evil.example")),
        (400, lambda: Https().get("/requests/?q=%00")),
        (403, lambda: Https(enforce_csrf_checks=True).post("/signin/", {"login": "x"})),
        (404, lambda: Https().get("/nowhere/")),
        (404, lambda: Https().get("/static/nowhere.css")),
        (405, lambda: Https().put("/requests/")),
        (301, lambda: Browser(SERVER_NAME=HOST).get("/signin/")),
        (301, lambda: Https().get("/signin")),
        (302, lambda: Https().get("/")),
        (200, lambda: Https().get("/healthz")),
        (503, lambda: Https().get("/readyz")),
        (401, lambda: Https().get("/metrics")),
        (200, lambda: Https().get("/metrics", HTTP_AUTHORIZATION=f"Bearer {'m' * 24}")),
    ],
)
def test_what_never_reached_a_page_answers_with_them(status: int, ask: Callable[[], Any]) -> None:
    answer = ask()
    missing = list(lacking(answer))
    if status == 301 and "Strict-Transport-Security" in "".join(missing):
        missing = [each for each in missing if not each.startswith("Strict")]  # it came without TLS
    assert (answer.status_code, missing) == (status, [])


@pytest.mark.usefixtures("production", "db")
@pytest.mark.parametrize("path", ["/", "/signin/", "/requests/", "/healthz", "/metrics", "/nowhere/"])
def test_a_trace_is_refused(path: str) -> None:
    """It would give back what was sent, cookies among it."""
    answer = Https().trace(path, HTTP_X_ECHO="comes-back", HTTP_COOKIE="x=comes-back")
    assert "comes-back" not in answer.content.decode() + str(answer.headers)


@pytest.mark.usefixtures("production")
def test_cookies_are_for_this_host_over_tls_and_for_no_script(alice: Any) -> None:
    browser = Https()
    browser.get("/signin/")
    browser.post("/signin/", {"login": alice.email, "password": PASSWORD})
    found = {name: cookie for name, cookie in browser.cookies.items() if cookie.value}
    assert set(found) >= {"__Host-session", "__Host-csrf"}
    for cookie in found.values():
        assert cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax"
        assert (cookie["path"], cookie["domain"]) == ("/", "")
