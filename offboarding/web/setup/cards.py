"""What the connections pages show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.connections.models import Wanted, Workspace
from offboarding.connections.queries import hours_of
from offboarding.connections.rules import Check, Outcome, Tested, is_old
from offboarding.connections.upkeep import wish_of
from offboarding.discovery.models import Look
from offboarding.discovery.rules import Outcome as Seen
from offboarding.users.models import User
from offboarding.web.cards import AttentionCard, AttentionRow, FactCard, TagCard, TimeCard, relative
from offboarding.web.clients.cards import support, zone_of_client
from offboarding.web.removal.clock import Clock
from offboarding.work.rules import State

MANAGED = {
    Workspace.ManagedBy.SCIM: lazy("by SCIM"),
    Workspace.ManagedBy.SSO: lazy("by SSO"),
    Workspace.ManagedBy.HAND: lazy("by hand"),
    Workspace.ManagedBy.UNKNOWN: lazy("not known"),
}


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    name: str
    url: str
    environment: str
    region: str
    managed: str
    read: TimeCard | None
    token: str
    age: str
    old: bool
    tag: TagCard
    says: str
    token_url: str


@dataclass(frozen=True, slots=True)
class ClientGroup:
    id: str
    client: str
    rows: tuple[ConnectionRow, ...]


@dataclass(frozen=True, slots=True)
class CheckRow:
    asks: str
    tag: TagCard
    says: str
    remedy: str


def groups(
    workspaces: Iterable[Workspace],
    changeable: Iterable[int],
    zone: tzinfo,
    now: datetime,
    old_after: timedelta,
) -> tuple[ClientGroup, ...]:
    """By client. `changeable` are the clients whose tokens this person may replace."""
    mine = set(changeable)
    return tuple(
        ClientGroup(
            id=f"client-{client.pk}",
            client=client.name,
            rows=tuple(row(each, each.client_id in mine, zone, now, old_after) for each in each_client),
        )
        for client, each_client in groupby(workspaces, key=lambda each: each.client)
    )


def row(
    workspace: Workspace, changeable: bool, zone: tzinfo, now: datetime, old_after: timedelta
) -> ConnectionRow:
    tag, says = standing(workspace, zone, now)
    return ConnectionRow(
        name=workspace.name,
        url=f"/setup/connections/{workspace.pk}/",
        environment=workspace.get_environment_display().capitalize(),
        region=workspace.get_region_display(),
        managed=str(MANAGED[Workspace.ManagedBy(workspace.managed_by)]),
        read=TimeCard.of(workspace.read_at, zone, now) if workspace.read_at else None,
        token=f"…{workspace.token_last4}",
        age=age(workspace, now),
        old=is_old(workspace.token_set_at, now, old_after),
        tag=tag,
        says=says,
        token_url=token_url(workspace) if changeable else "",
    )


def token_url(workspace: Workspace) -> str:
    return f"/setup/connections/{workspace.pk}/token/"


def standing(workspace: Workspace, zone: tzinfo, now: datetime) -> tuple[TagCard, str]:
    if workspace.ended_at:
        since = TimeCard.of(workspace.ended_at, zone, now).absolute
        return TagCard("cancelled", _("Disconnected")), _("since %(time)s") % {"time": since}
    if workspace.refused_at:
        since = TimeCard.of(workspace.refused_at, zone, now).absolute
        return TagCard("failed", _("Token refused")), _("since %(time)s") % {"time": since}
    if workspace.paused_until and workspace.paused_until > now:
        until = relative(workspace.paused_until, now)
        return TagCard("waiting", _("Asked to wait")), _("Segment asked us to wait. Next call %(time)s.") % {
            "time": until
        }
    if workspace.open_until:
        says = _("%(n)d calls in a row brought no clear answer. One read tries it again %(time)s.")
        return TagCard("waiting", _("No answer")), says % {
            "n": workspace.troubles,
            "time": relative(max(workspace.open_until, now), now),
        }
    if workspace.read_at:
        return TagCard("verified", _("Connected")), ""
    return TagCard("not_started", _("Not read yet")), ""


def age(workspace: Workspace, now: datetime) -> str:
    days = (now - workspace.token_set_at).days
    if days < 1:
        return _("new today")
    return ngettext("%(n)d day old", "%(n)d days old", days) % {"n": days}


def refused(found: Iterable[ClientGroup]) -> AttentionCard | None:
    """What stands still because of a token, with the way to mend it."""
    rows = tuple(
        AttentionRow(
            _("Segment refuses our token for %(name)s %(since)s. Steps there wait for a new one.")
            % {"name": each.name, "since": each.says},
            each.token_url,
            _("Replace token"),
            "bad",
        )
        for group in found
        for each in group.rows
        if each.tag.state == "failed" and each.token_url
    )
    title = ngettext("%(n)d connection needs a new token", "%(n)d connections need a new token", len(rows))
    return AttentionCard(title % {"n": len(rows)}, rows) if rows else None


def other_environment(workspace: Workspace, now: datetime) -> str:
    """Who says that it is another one, while that waits for a second person; empty if nobody does."""
    wish = wish_of(workspace)
    if wish is None or not wish.waits(now) or workspace.wanted_by is None:
        return ""
    return _("%(who)s says it is %(environment)s: it counts once another administrator saves the same") % {
        "who": workspace.wanted_by.name,
        "environment": workspace.get_environment_wanted_display(),
    }


def said(workspace: Workspace, owners: Sequence[User], now: datetime) -> tuple[FactCard, ...]:
    """What people told us about it."""
    group = workspace.provider_group
    return (
        FactCard(_("Client"), workspace.client.name),
        FactCard(
            _("Environment"),
            workspace.get_environment_display().capitalize(),
            note=other_environment(workspace, now),
        ),
        FactCard(
            _("Members are managed"),
            str(MANAGED[Workspace.ManagedBy(workspace.managed_by)]),
            note=_("group %(group)s") % {"group": group} if group else "",
        ),
        FactCard(
            _("Looked after by"),
            ", ".join(each.name for each in owners) or _("operators and administrators of the client"),
        ),
        FactCard(_("Owner at the client"), workspace.owner_contact or _("not said")),
        FactCard(
            _("Somebody can help"),
            support(hours_of(workspace)),
            note=_("by the clocks of %(zone)s")
            % {"zone": str(zone_of_client(workspace.client)).replace("_", " ")}
            if workspace.support_days
            else "",
        ),
    )


def facts(workspace: Workspace, zone: tzinfo, now: datetime) -> tuple[FactCard, ...]:
    tag, says = standing(workspace, zone, now)
    since = TimeCard.of(workspace.token_set_at, zone, now)
    state = FactCard(_("State"), (tag, *filter(None, (says, workspace.refused_why))))
    region = FactCard(_("Region"), workspace.get_region_display())
    if workspace.ended_at:
        return state, region, FactCard(_("Token in use"), _("none: it was forgotten"))
    return (
        state,
        region,
        FactCard(
            _("Token in use"),
            f"…{workspace.token_last4}",
            note=_("since %(time)s") % {"time": since.absolute},
        ),
    )


@dataclass(frozen=True, slots=True)
class SyncRow:
    """One look into a workspace. It says nothing about whom it was for."""

    asked_by: str
    at: TimeCard | None
    tag: TagCard
    says: str


def syncs(found: Iterable[Look], clock: Clock) -> tuple[SyncRow, ...]:
    return tuple(sync(each, clock) for each in found)


def sync(look: Look, clock: Clock) -> SyncRow:
    seen = look.sighting
    if not look.ended_at:
        tag, says = (
            TagCard("waiting" if look.state == State.WAITING else "running", _("Under way")),
            look.waiting_for,
        )
    elif seen is None or seen.outcome is Seen.UNKNOWN:
        tag, says = TagCard("failed", _("Could not look")), seen.why if seen else ""
    else:
        tag, says = TagCard("done", _("Read")), ""
    return SyncRow(look.asked_by.name, clock.time(look.ended_at) if look.ended_at else None, tag, says)


@dataclass(frozen=True, slots=True)
class WantedRow:
    pk: int
    name: str
    client: str
    owner: str
    at: TimeCard
    url: str


def wanted_rows(found: Iterable[Wanted], clock: Clock) -> tuple[WantedRow, ...]:
    return tuple(
        WantedRow(
            each.pk,
            each.name,
            each.client.name,
            each.owner.name,
            clock.time(each.asked_at),
            f"/setup/connections/wanted/{each.pk}/",
        )
        for each in found
    )


CHECK_LOOKS = {
    Outcome.LACKS: ("skipped", lazy("No, and it goes without")),
    Outcome.WORKS: ("verified", lazy("Yes")),
    Outcome.FAILS: ("failed", lazy("No")),
    Outcome.NOT_TRIED: ("not_started", lazy("Not tried")),
}


def check_rows(tested: Tested) -> tuple[CheckRow, ...]:
    return tuple(check_row(check) for check in tested.checks)


def check_row(check: Check) -> CheckRow:
    state, word = CHECK_LOOKS[check.outcome]
    return CheckRow(check.asks, TagCard(state, str(word)), check.says, check.remedy)
