"""From where a request comes, as far as it tells."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from offboarding.packets.shares.rules import Visitor


def visitor_of(request: HttpRequest) -> Visitor:
    return Visitor(
        network_address=get_adapter(request).get_client_ip(request),
        browser="".join(sign for sign in request.headers.get("User-Agent", "") if sign.isprintable()),
    )
