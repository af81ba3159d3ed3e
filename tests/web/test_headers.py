"""What every answer carries, whoever made it: pages, errors, files, redirects, health, and what never reached a page."""

from __future__ import annotations

import os
import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client as Browser
from django.urls import path

from offboarding import env, urls
from offboarding.lib.refusals import Refused
from tests.conftest import PASSWORD
from tests.web import test_access_matrix as matrix

world, everybody = matrix.world, matrix.everybody  # fixtures
HOST = "offboard.example.com"
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
ALONE = {"sandbox": "", "default-src": "'none'"}  # downloads
EXACT = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
}


@pytest.fixture
def production(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that a server with an https address has, read by the product itself."""
    for name in [name for name in os.environ if name.startswith("OFFBOARD_")]:
        monkeypatch.delenv(name)
    given = {
        "BASE_URL": f"https://{HOST}",
        "DATA": str(tmp_path),
        "TRUSTED_PROXIES": "1",
        "METRICS_TOKEN": "m" * 24,
    }
    for name, value in env.fresh_keys().items() | {
        (f"OFFBOARD_{name}", value) for name, value in given.items()
    }:
        monkeypatch.setenv(name, value)
    made = runpy.run_path(str(env.ROOT / "offboarding" / "settings.py"))
    wanted = (
        "SECURE",
        "SESSION_",
        "CSRF_",
        "X_FRAME",
        "CONTENT_SECURITY",
        "MIDDLEWARE",
        "ALLOWED_HOSTS",
        "METRICS",
    )
    for name, value in made.items():
        if name.startswith(wanted):
            setattr(settings, name, value)


class Https(Browser):
    """A browser behind the proxy that ends TLS."""

    def __init__(self, **options: Any) -> None:
        super().__init__(SERVER_NAME=HOST, HTTP_X_FORWARDED_PROTO="https", **options)


def lacking(answer: Any) -> Iterator[str]:
    for name, value in EXACT.items():
        if answer.get(name) != value:
            yield f"{name}: {answer.get(name)}"
    if "Cache-Control" not in answer:
        yield "Cache-Control"
    told = answer.get("Content-Security-Policy", "")
    if policy(told) not in (POLICY, ALONE):
        yield f"Content-Security-Policy: {told}"
    if "text/html" in answer.get("Content-Type", "") and not answer.streaming:
        yield from inline(answer.content.decode())


def policy(told: str) -> dict[str, str]:
    parts = [part.strip().partition(" ") for part in told.split(";") if part.strip()]
    return {name: value for name, _, value in parts}


def inline(html: str) -> Iterator[str]:
    """What that policy would stop. A test in a browser watches it too; here it is every page."""
    for found in re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", html):
        yield f"inline script: {found}"
    for found in re.findall(r"<[^>]+\s(?:on[a-z]+|style)=[^>]*>|<style\b|javascript:", html):
        yield f"inline: {found}"


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("who", ["alice", "ada", "stranger"])
def test_every_address_answers_with_them(who: str, world: matrix.World, everybody: dict[str, Any]) -> None:
    browser = Https()
    if who != "stranger":
        browser.force_login(everybody[who])
    wrong = []
    for name in sorted(set(matrix.names())):
        for method in ("get", "post"):
            answer = getattr(browser, method)(world.path(name))
            if answer.streaming:
                matrix.read_and_close(answer)
            wrong += [f"{method} {name} ({answer.status_code}): {fault}" for fault in lacking(answer)]
            if who != "stranger" and "logout" in name:
                browser.force_login(everybody[who])
    assert not wrong, "\n".join(wrong)


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
