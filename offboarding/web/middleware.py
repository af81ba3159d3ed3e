"""Health before anything else, and what holds for every answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils.cache import patch_vary_headers

from offboarding.lib.refusals import Refused
from offboarding.lib.visible import visible
from offboarding.web import errors, readiness
from offboarding.web.engine import metrics
from offboarding.work import outage

Handler = Callable[[HttpRequest], HttpResponse]


# For every answer alike, also for files, errors and what never reached a page. A page may say something stricter.
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}


# Whoever signs out leaves nothing in the browser (W3C, Clear Site Data). Its cookies end by themselves.
LEAVING = "/account/logout/"


def headers(get_response: Handler) -> Handler:
    """The outermost: what a middleware further in answers by itself, or fails at, carries them too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in EVERYWHERE.items():
            response.setdefault(name, value)
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            response.setdefault("Strict-Transport-Security", hsts())
        if request.path == LEAVING and response.status_code == 302:
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response

    return middleware


def hsts() -> str:
    wide = settings.SECURE_HSTS_INCLUDE_SUBDOMAINS and "; includeSubDomains"
    return f"max-age={settings.SECURE_HSTS_SECONDS}{wide or ''}{'; preload' if settings.SECURE_HSTS_PRELOAD else ''}"


def health(get_response: Handler) -> Handler:
    """`/healthz`: this process answers. `/readyz`: the database answers, an engine ticks, nothing is overdue.
    `/metrics`: the numbers behind that, for who has the token."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain")
        if request.path == "/readyz":
            return ready()
        if request.path == "/metrics":
            return measured(request)
        return get_response(request)

    return middleware


def ready() -> JsonResponse:
    try:
        facts = readiness.facts()
    except DatabaseTrouble as error:
        return JsonResponse({"ready": False, "says": outage.says(error)}, status=503)
    return JsonResponse(facts, status=200 if facts["ready"] else 503)


def measured(request: HttpRequest) -> HttpResponse:
    try:
        return metrics.answer(request)
    except DatabaseTrouble as error:
        return HttpResponse(f"{outage.says(error)}\n", status=503, content_type="text/plain")


# What pages take. Some of django-allauth's would take a PUT for a POST.
METHODS = ("GET", "HEAD", "POST")
API = "/api/"  # which answers in its own words


def house_rules(get_response: Handler) -> Handler:
    """A fragment and its page are different answers; a refusal is a sentence; nothing on a page is hidden in the text."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            response = errors.wrong_method(request, response)
        if mistaken(request, response):
            response.status_code = 422
        patch_vary_headers(response, ["HX-Request"])
        return shown(response)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return errors.refused(request, exception) if isinstance(exception, Refused) else None

    def process_view(request: HttpRequest, *_: Any) -> HttpResponse | None:
        if request.method not in METHODS and not request.path.startswith(API):
            return HttpResponseNotAllowed(METHODS)  # its page is made above
        return errors.nul_character(request) if has_nul(request) else None

    handler: Any = middleware
    handler.process_view = process_view
    handler.process_exception = process_exception
    return handler  # type: ignore[no-any-return]


def mistaken(request: HttpRequest, response: HttpResponse) -> bool:
    """django-allauth answers a mistake with 200, and a browser would offer to keep the wrong password."""
    form = (getattr(response, "context_data", None) or {}).get("form")
    return request.method == "POST" and response.status_code == 200 and bool(getattr(form, "errors", None))


def shown(response: HttpResponse) -> HttpResponse:
    """Names come from everywhere. One place for all pages, so that no template has to think of it."""
    if response.get("Content-Type", "").startswith("text/html") and not response.streaming:
        text = response.content.decode(response.charset)
        if (clear := visible(text)) != text:
            response.content = clear.encode(response.charset)
    return response


def has_nul(request: HttpRequest) -> bool:
    """No keyboard types NUL, and PostgreSQL keeps it in no text."""
    typed = (request.GET, request.POST)
    return any("\x00" in text for data in typed for _, texts in data.lists() for text in texts)
