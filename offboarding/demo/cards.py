"""What the simulated Segment's own pages show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from offboarding.demo.control import OWNER
from offboarding.web.cards import TimeCard

MEMBERS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PlaceRow:
    name: str
    url: str
    facts: str


@dataclass(frozen=True, slots=True)
class MemberRow:
    email: str
    name: str
    roles: str
    owner: bool


@dataclass(frozen=True, slots=True)
class EventRow:
    what: str
    about: str
    by: str
    time: TimeCard


@dataclass(frozen=True, slots=True)
class CallRow:
    call: str
    status: str
    by: str
    time: TimeCard


@dataclass(frozen=True, slots=True)
class PlaceCard:
    slug: str
    name: str
    facts: str
    refused: bool
    members: tuple[MemberRow, ...]
    found: int
    total: int
    invites: tuple[str, ...]
    tokens: tuple[tuple[str, str], ...]  # (short id, what is shown)
    logins: tuple[tuple[str, str, str], ...]  # (warehouse or credential, username, whether it is connected)
    events: tuple[EventRow, ...]
    calls: tuple[CallRow, ...]


def places(found: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, tuple[PlaceRow, ...]], ...]:
    """(client, its workspaces) each."""
    rows = sorted(found, key=lambda each: (each["client"], each["name"]))
    return tuple(
        (
            client,
            tuple(PlaceRow(each["name"], f"/demo/segment/{each['slug']}/", about(each)) for each in group),
        )
        for client, group in groupby(rows, key=lambda each: each["client"])
    )


def about(each: Mapping[str, Any]) -> str:
    return " · ".join((each["environment"], each["region"], f"{each['plan']}".capitalize()))


def place(
    state: Mapping[str, Any], calls: Iterable[Mapping[str, Any]], text: str, zone: tzinfo, now: datetime
) -> PlaceCard:
    members = [member(each, state) for each in state["members"]]
    wanted = text.casefold().strip()
    found = [each for each in members if wanted in f"{each.name} {each.email}".casefold()]
    found.sort(key=lambda each: (not each.owner, each.email))
    newest = sorted(state["audit"], key=lambda event: event["at"], reverse=True)
    return PlaceCard(
        slug=state["slug"],
        name=state["name"],
        facts=f"{state['client']} · {about(state)}",
        refused=bool(state["settings"]["token_refused"]),
        members=tuple(found[:MEMBERS_SHOWN]),
        found=len(found),
        total=len(members),
        invites=tuple(each["email"] for each in state["invites"]),
        tokens=tuple((each["short_id"], f"…{each['ends']}, {each['level']}") for each in state["tokens"]),
        logins=tuple(login(each) for each in (*state["warehouses"], *state["credentials"])),
        events=tuple(event(each, zone, now) for each in newest[:15]),
        calls=tuple(call(each, zone, now) for each in calls),
    )


def member(each: Mapping[str, Any], state: Mapping[str, Any]) -> MemberRow:
    groups = [group["name"] for group in state["groups"] if each["email"] in group["members"]]
    roles = [one["roleName"] for one in each["permissions"]] + [
        _("group %(name)s") % {"name": name} for name in groups
    ]
    return MemberRow(each["email"], each["name"], ", ".join(roles), any(role == OWNER for role in roles))


def login(each: Mapping[str, Any]) -> tuple[str, str, str]:
    """One that signs in with a stored credential has no username of its own."""
    settings = each["settings"]
    says = (each["_state"] if "_state" in each else _("stored credential")).capitalize()
    return str(each.get("name") or settings.get("name", "")), str(settings.get("username", "")), says


def event(each: Mapping[str, Any], zone: tzinfo, now: datetime) -> EventRow:
    by = each.get("actorEmail") or each["actor"]
    return EventRow(each["type"], each["resourceName"], by, moment(each["at"], zone, now))


def call(each: Mapping[str, Any], zone: tzinfo, now: datetime) -> CallRow:
    where = each["route"] or each["path"]
    status = str(each["status"] or _("no answer"))
    return CallRow(
        f"{each['method']} {where}", status, f"…{each['token'] or ''}", moment(each["at"], zone, now)
    )


def moment(seconds: float, zone: tzinfo, now: datetime) -> TimeCard:
    return TimeCard.of(datetime.fromtimestamp(seconds, UTC), zone, now, seconds=True)
