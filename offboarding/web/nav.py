"""The frame around every page: where this person may go."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from offboarding.directory.rules import Scope
from offboarding.emergencies.rules import RELEASES
from offboarding.users.rules import Role
from offboarding.users.words import ROLE_WORDS
from offboarding.web import sittings
from offboarding.web.cards import NavCard, NavItem, TimeCard
from offboarding.web.http import now, scope_for, zone_of
from offboarding.work.queries import standstill

FILES = (Role.REQUESTER, Role.SECURITY, Role.ADMINISTRATOR)
CONNECTS = (Role.ADMINISTRATOR, Role.OPERATOR)
BESIDE_EVIDENCE = ("/audit/", "/reports/", "/verify/")  # pages under Evidence with an address of their own


def nav(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"nav": NavCard((), "", demo=settings.DEMO, search_url="", file_url="")}
    scope = scope_for(request)
    roles = [role for role in Role if scope.has(role)]
    return {
        "nav": NavCard(
            items=items(scope, request.path),
            user_label=str(user),
            role_label=", ".join(str(ROLE_WORDS[role]) for role in roles),
            demo=settings.DEMO,
            emergency=scope.has(*RELEASES),
            search=request.GET.get("q", "") if request.path == "/search/" else "",
            file_url="/requests/new/" if scope.has(*FILES) else "",
            account_links=(
                NavItem(_("Your settings"), "/me/", "person"),
                NavItem(_("Help and keys"), "/help/keys/", "key"),
            ),
            still=still(scope, zone_of(request)),
            theme=user.theme,
            keys=user.shortcuts,
            zone=user.time_zone,
            session_ends_at=moment(request),
            extend_url=sittings.STAY,
        )
    }


def moment(request: HttpRequest) -> str:
    """When this sign-in ends if nothing happens any more, for the script that warns before."""
    return datetime.fromtimestamp(sittings.ends(request.session, time.time()).at, UTC).isoformat()


def still(scope: Scope, zone: tzinfo) -> TimeCard | None:
    """Since when the engine stands still, for those who look after it. One small query; none for others."""
    row = standstill() if scope.for_a_client(*CONNECTS) else None
    return TimeCard.of(row.since, zone, now()) if row and row.stands and row.since else None


def items(scope: Scope, path: str) -> tuple[NavItem, ...]:
    """Items outside a role are absent."""
    places = [(_("Work"), "/", "work", True), (_("Requests"), "/requests/", "requests", True)]
    places.append((_("Collaborators"), "/people/", "person", scope.has(*FILES)))
    places.append((_("Evidence"), "/evidence/", "evidence", True))
    places.append((_("Follow-ups"), "/follow-ups/", "followups", True))
    connects = scope.for_a_client(*CONNECTS, Role.SECURITY)
    setup = "/setup/connections/" if connects else "/setup/clients/"
    places.append((_("Setup"), setup, "setup", connects or scope.has(*FILES)))
    path = "/evidence/" if path.startswith(BESIDE_EVIDENCE) else path
    return tuple(
        NavItem(label, url, icon, current=path == url or (url != "/" and path.startswith(area(url))))
        for label, url, icon, shown in places
        if shown
    )


def area(url: str) -> str:
    """Every page of Setup belongs to its one item."""
    return "/setup/" if url.startswith("/setup/") else url
