"""Who may use the demo's own pages: only somebody at this machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port

P = ParamSpec("P")
OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")
# Whatever came through a proxy or a tunnel came from elsewhere, although it knocks from here.
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")


def here(request: HttpRequest) -> bool:
    """True in a demo, for a browser on this machine that asked this machine by its own name."""
    if not settings.DEMO or any(name in request.META for name in FORWARDED):
        return False
    try:
        host, _ = split_domain_port(request.get_host())
    except DisallowedHost:  # the page that says so asks here too
        return False
    return host in OWN_NAMES and is_loopback(request.META.get("REMOTE_ADDR", ""))


def is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (inner or found).is_loopback


def only_here(
    view: Callable[Concatenate[Any, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For everybody else there is no such page."""

    @wraps(view)
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not here(request):
            raise Http404
        return view(request, *args, **kwargs)

    return inner
