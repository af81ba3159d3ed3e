"""What every page shares: the typed request, fragments, and how a refusal becomes an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods
from django_htmx.middleware import HtmxDetails

from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Scope
from offboarding.lib.typed import whole
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import removal_for
from offboarding.users.models import User
from offboarding.web import kept
from offboarding.web.proof import lacks_factor, role_lacks_factor
from offboarding.web.whence import parts_of

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)


class Request(HttpRequest):
    """A request of a person who is signed in."""

    user: User
    htmx: HtmxDetails
    scope: Scope


def signed_in(
    view: Callable[Concatenate[Request, P], R],
) -> Callable[Concatenate[HttpRequest, P], R | HttpResponse]:
    """Only for people who are signed in, and who have a second factor where their roles need one."""
    return guarded(view, lambda request: role_lacks_factor(request, request.scope))


def signed_in_halfway(
    view: Callable[Concatenate[Request, P], R],
) -> Callable[Concatenate[HttpRequest, P], R | HttpResponse]:
    """Also for those who still have to set up their second factor: their own settings, and nothing of a client's."""
    return guarded(view, lambda _request: False)


def with_factor(
    view: Callable[Concatenate[Request, P], R],
) -> Callable[Concatenate[Request, P], R | HttpResponse]:
    """Below `signed_in`: for acts that anybody may come to, whatever their roles: deciding for another, taking away what
    proves something."""

    @wraps(view)
    def inner(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
        if lacks_factor(request):
            return away(request, reverse("second_factor"))
        return view(request, *args, **kwargs)

    return inner


def guarded(
    view: Callable[Concatenate[Request, P], R], lacking: Callable[[Request], bool]
) -> Callable[Concatenate[HttpRequest, P], R | HttpResponse]:
    """What the person may see is worked out once, as `request.scope`."""

    @wraps(view)
    def inner(request: Any, /, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
        if not request.user.is_authenticated:
            return away(request, settings.LOGIN_URL)
        request.scope = scope_for(request)
        if lacking(request):
            return away(request, reverse("second_factor"))
        return view(request, *args, **kwargs)

    return inner


# What is written down as taken, or counts once: to ask for its head alone takes nothing.
taken = require_http_methods(["GET"])


def away(request: Any, page: str) -> HttpResponse:
    """To another page first, and then back. A fragment sends the whole page there: no sign-in form inside a row.

    What was typed into a form waits meanwhile, and the way back leads to it.
    """
    if page == settings.LOGIN_URL and kept.keep(request):
        answer = redirect_to_login(reverse("kept"), page)
        return answer if not request.htmx else HttpResponse(headers={"HX-Redirect": answer.url})
    if not request.htmx:
        return redirect_to_login(request.get_full_path(), page)
    there = parts_of(request.htmx.current_url)
    back = there._replace(scheme="", netloc="").geturl()
    response = HttpResponse()
    response["HX-Redirect"] = redirect_to_login(back, page).url
    return response


def scope_for(request: Any) -> Scope:
    """The scope of the request's user; asked once per request."""
    if not hasattr(request, "_scope"):
        request._scope = scope_of(request.user, today(request))
    scope: Scope = request._scope
    return scope


def safe(request: HttpRequest, after: str) -> str:
    """An address of ours, or the work page."""
    fits = url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure())
    return after if fits else "/"


def removal_or_404(request: Request, number: int) -> RemovalRequest:
    """Foreign and unknown are the same answer."""
    removal = removal_for(request.scope, number)
    if removal is None:
        raise Http404
    return removal


def zone_of(request: Any) -> ZoneInfo:
    return ZoneInfo(getattr(request.user, "time_zone", "") or settings.TIME_ZONE)


def now() -> datetime:
    return datetime.now(UTC)


def today(request: Any) -> date:
    return now().astimezone(zone_of(request)).date()


def version_in(request: HttpRequest) -> int:
    """The version that the form was opened with; 0, which no version is, if that cannot be read."""
    return whole(request.POST.get("version", "")) or 0


def fence_in(request: HttpRequest) -> int:
    """The state of a row that the person saw; -1, which is none, if that cannot be read."""
    fence = whole(request.POST.get("fence", ""))
    return -1 if fence is None else fence


def part_wanted(request: Any) -> bool:
    """True if htmx asks for a part of the page, not for a page out of its history."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, template, context, status=status)
