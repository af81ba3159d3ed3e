"""What people say about a connected workspace: its environment, who manages its members, when somebody there can help."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding.connections import keyring
from offboarding.connections.models import Coverage, Owner, Workspace
from offboarding.connections.queries import KEEPS, facts_of, may_keep
from offboarding.connections.rules import Wish, agrees, refuses_environment, wrong_hours
from offboarding.directory.changes import (
    Changed,
    differences,
    held,
    noted,
    nothing_changed,
    reason,
    reference,
    write,
)
from offboarding.directory.models import Engagement
from offboarding.directory.rules import Scope
from offboarding.directory.two import must_not_grow_alone, others
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of

CHANGES = KEEPS


@dataclass(frozen=True, slots=True)
class Said:
    name: str
    environment: str
    managed_by: str
    provider_group: str = ""
    owner_contact: str = ""
    support_days: str = ""
    support_from: time | None = None
    support_until: time | None = None


def change(
    by: User,
    scope: Scope,
    workspace: Workspace,
    said: Said,
    owners: Collection[User],
    version: int,
    today: date,
) -> None:
    if not scope.covers(frozenset({workspace.client_id}), *CHANGES):
        raise Refused("may-not-change", "Only operators and administrators of this client change this.")
    wanted = checked(said)
    try:
        with transaction.atomic():
            locked = held(workspace, version)
            named, personal = name_owners(locked, owners, today)
            fields = {**asdict(wanted), **environment(locked, wanted.environment, by, scope)}
            if not (changed := {**told(differences(locked, fields), fields), **named}):
                raise nothing_changed()
            write(locked, **fields)
            facts = {"workspace": locked.name, "client": locked.client.name, "changed": changed}
            noted(Event.WORKSPACE_CHANGED, by, locked, facts, personal)
    except IntegrityError as error:
        raise Refused(
            "known-name", f"This client has a workspace called {wanted.name} already.", field="name"
        ) from error


NO_WISH = {"environment_wanted": "", "wanted_by": None, "wanted_at": None}
WISH = frozenset(NO_WISH)


def wish_of(workspace: Workspace) -> Wish | None:
    if workspace.wanted_by_id is None or workspace.wanted_at is None:
        return None
    return Wish(workspace.environment_wanted, workspace.wanted_by_id, workspace.wanted_at)


def environment(locked: Workspace, wanted: str, by: User, scope: Scope) -> dict[str, Any]:
    """What to write of it: the first person's word is kept, the second one's makes it so."""
    if wanted == locked.environment:
        return {}
    wish, now = wish_of(locked), datetime.now(UTC)
    administers = scope.covers(frozenset({locked.client_id}), Role.ADMINISTRATOR)
    if administers and not others(by.pk, {locked.client_id}):
        return {"environment": wanted, **NO_WISH}  # nobody else is there to ask
    if why := refuses_environment(wish, wanted, by.pk, administers, now):
        raise Refused("asked-already", why, field="environment")
    if agrees(wish, wanted, by.pk, now):
        return NO_WISH
    return {
        "environment": locked.environment,
        "environment_wanted": wanted,
        "wanted_by": by,
        "wanted_at": now,
    }


def told(changed: Changed, fields: Mapping[str, Any]) -> Changed:
    """For the record, where who says it and when stand beside it anyway. A wish that came true is one no more."""
    news = {name: both for name, both in changed.items() if name not in WISH}
    wish = fields.get("environment_wanted")
    return {**news, "environment_wanted": ["", wish]} if wish else news


def name_owners(locked: Workspace, owners: Collection[User], today: date) -> tuple[Changed, dict[str, str]]:
    """From now on these look after it. Gives back who did and does: their numbers, and apart from them their names."""
    before = {each.user_id: each.user.name for each in locked.owners.select_related("user")}
    after = {each.pk: each.name for each in owners}
    if before.keys() == after.keys():
        return {}, {}
    can = {each.pk for each in may_keep(locked.client, today)}
    if not can.issuperset(after.keys() - before.keys()):
        raise Refused("no-owner", "Choose operators or administrators of this client.", field="owners")
    locked.owners.exclude(user__in=after).delete()
    Owner.objects.bulk_create(
        Owner(workspace=locked, user_id=pk) for pk in sorted(after.keys() - before.keys())
    )
    names = {"owners before": ", ".join(sorted(before.values())), "owners": ", ".join(sorted(after.values()))}
    return {"owners": [sorted(before), sorted(after)]}, {name: text for name, text in names.items() if text}


def disconnect(by: User, scope: Scope, workspace: Workspace, why: str, version: int) -> None:
    """Forgets the token. Call where the requests that still need it are asked for."""
    if not scope.covers(frozenset({workspace.client_id}), Role.ADMINISTRATOR):
        raise Refused("may-not-change", "Only an administrator of this client changes this.")
    why = reason(why)
    with transaction.atomic():
        locked = held(workspace, version)
        if locked.ended_at:
            raise Refused("ended-already", f"{locked.name} is disconnected already.")
        facts = {**facts_of(locked), "client": locked.client.name, "why": why}
        gone = {
            "sealed_token": keyring.seal(""),
            "token_last4": "",
            "refused_at": None,
            "refused_why": "",
            "old_at": None,
        }
        write(locked, ended_at=Now(), **gone)
        record(Event.WORKSPACE_DISCONNECTED, actor=actor_of(by), about=reference(locked), facts=facts)


def checked(said: Said) -> Said:
    name = within(said.name, 120, "name")
    if not name:
        raise Refused("no-name", "Enter the name that people here know it by.", field="name")
    if said.environment not in Workspace.Environment.values:
        raise Refused("no-environment", "Choose the environment.", field="environment")
    if said.managed_by not in Workspace.ManagedBy.values:
        raise Refused("no-manager", "Choose how its members are managed.", field="managed_by")
    if wrong := wrong_hours(said.support_days, said.support_from, said.support_until):
        raise Refused("wrong-hours", wrong, field="support_days" if not said.support_days else "support_from")
    return Said(
        name,
        said.environment,
        said.managed_by,
        within(said.provider_group, 120, "provider_group"),
        within(said.owner_contact, 200, "owner_contact"),
        said.support_days,
        said.support_from,
        said.support_until,
    )


def cover(
    by: User, scope: Scope, engagement: Engagement, workspaces: Iterable[Workspace], version: int
) -> None:
    """From now on the engagement works in exactly these. It moves the engagement's version, as every change does."""
    if not scope.covers(frozenset({engagement.client_id}), Role.ADMINISTRATOR):
        raise Refused("may-not-change", "Only an administrator of this client changes this.")
    wanted = {each.pk: each for each in workspaces}
    if any(each.client_id != engagement.client_id for each in wanted.values()):
        raise Refused("other-client", "One of these workspaces belongs to another client.")
    with transaction.atomic():
        locked = held(engagement, version)
        before = {
            each.workspace_id: each.workspace.name for each in locked.coverage.select_related("workspace")
        }
        if set(before) == set(wanted):
            raise nothing_changed()
        if set(wanted) - set(before):
            must_not_grow_alone(by, locked)
        locked.coverage.exclude(workspace__in=wanted).delete()
        Coverage.objects.bulk_create(
            Coverage(engagement=locked, workspace=each) for pk, each in wanted.items() if pk not in before
        )
        write(locked)
        facts = {
            "engagement": locked.name,
            "client": locked.client.name,
            "gained": sorted(each.name for pk, each in wanted.items() if pk not in before),
            "lost": sorted(name for pk, name in before.items() if pk not in wanted),
        }
        noted(Event.PLACES_COVERED, by, locked, facts)
