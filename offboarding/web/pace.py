"""How often one person may ask for what is costly: far more than hands can do, and no end of it for a program.

Counted by `users/throttle.py`, for all processes and with Redis gone. An emergency is never counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from offboarding.users import throttle
from offboarding.web import errors
from offboarding.web.evidence.downloads import ADDRESSES

WINDOW = 60  # seconds


@dataclass(frozen=True, slots=True)
class Pace:
    """`most` in a minute for each person, of all these pages together. `acts`: only what a form sends counts."""

    name: str
    most: int
    pages: frozenset[str]
    acts: bool = False


PACES = (
    Pace(
        "searches",
        240,
        frozenset(["search", "audit", "population"]),
    ),
    Pace(
        "files",
        120,
        frozenset(["audit_export_csv", "audit_export_jsonl", "audit_checkpoint", "audit_signing_keys"])
        | frozenset(
            ["audit_proof", "audit_consistency", "population_csv", "population_xlsx", "population_sample"]
        )
        | frozenset(["packet_copy_packet", "packet_part_packet", "evidence_file"])
        | frozenset(
            f"{kind}_{part}" for kind in ("packet", "packet_version", "shared") for part in ADDRESSES
        ),
    ),
    # New rows, letters and mails, and calls to Segment and to providers of sign-in.
    Pace(
        "acts",
        60,
        frozenset(
            ["file", "many", "collaborator_add", "client_add", "engagement_add", "invite", "api_key_new"]
        )
        | frozenset(
            ["wanted", "letter_write", "share_new", "packet_copy", "packet_check", "verify", "way_add"]
        )
        | frozenset(["delegations", "policy_new", "connect", "connection_test", "token", "way_test"])
        | frozenset(["trail_copy", "trail_file", "population_copy", "audit_check"]),
        acts=True,
    ),
)


def paced(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answers 429 instead of the page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, *_: Any) -> HttpResponse | None:
        pace = pace_of(request)
        if pace and throttle.too_many(pace.name, who(request), pace.most, WINDOW):
            return too_fast(request, pace)
        return None

    handler: Any = middleware
    handler.process_view = process_view
    return handler  # type: ignore[no-any-return]


def pace_of(request: HttpRequest) -> Pace | None:
    name = request.resolver_match.view_name if request.resolver_match else ""
    found = next((each for each in PACES if name in each.pages), None)
    return None if found is None or (found.acts and request.method != "POST") else found


def who(request: HttpRequest) -> str:
    """A person by their number; who has none, by where they come from."""
    user = request.user
    return str(user.pk) if user.is_authenticated else str(get_adapter(request).get_client_ip(request))


def too_fast(request: HttpRequest, pace: Pace) -> HttpResponse:
    errors.note(request, 429)
    text = _(
        "This was asked for more than %(most)d times within a minute in your name. It goes on in the next minute. "
        "If that was no program of yours, sign out the other browsers in your settings and tell security."
    )
    answer = errors.answer(request, _("Too fast"), text % {"most": pace.most}, 429)
    answer["Retry-After"] = str(WINDOW - int(time.time()) % WINDOW)
    return answer
