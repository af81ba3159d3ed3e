"""Removals that Segment's audit events show and that nobody asked for here. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from offboarding.connections.models import Workspace
from offboarding.directory.models import Address
from offboarding.directory.rules import Scope
from offboarding.discovery.models import Snapshot
from offboarding.lib.addresses import fold
from offboarding.removals.models import Place
from offboarding.removals.rules import Stage
from offboarding.reports.population.rules import Asked, Unasked, endings, unasked
from offboarding.trail import queries as trail
from offboarding.trail.models import Copy
from offboarding.trail.rules import by

NEVER_FILED = (Stage.REJECTED, Stage.WITHDRAWN)


def removals_unasked(
    scope: Scope,
    workspaces: Sequence[Workspace],
    copies: Mapping[int, Copy],
    since: datetime,
    until: datetime,
) -> list[Unasked]:
    """Oldest first; none about the reader. Four queries, however many events there are."""
    named = {each.pk: each for each in workspaces}
    events = trail.endings(list(named), since, until)
    if not events:
        return []
    asked, known = requests_in(named), collaborators_in({each.client_id for each in workspaces})
    found: list[Unasked] = []
    for pk, workspace in named.items():
        told = [each.told for each in events if each.workspace_id == pk]
        ours = copies[pk].ours if pk in copies else ()
        for end in endings(told):
            if scope.addresses & end.subjects:
                continue
            if (late := unasked(end, asked[pk])) is not None:
                found.append(
                    Unasked(
                        workspace=workspace.name,
                        client=workspace.client.name,
                        person=end.resource_name or end.resource_id,
                        at=end.at,
                        type=end.type,
                        by=by(end, ours, known),
                        who=end.email or end.actor,
                        event=end.key,
                        filed_later=late,
                    )
                )
    return sorted(found, key=lambda each: (each.at, each.workspace, each.person))


def requests_in(workspaces: Collection[int]) -> dict[int, list[Asked]]:
    """By workspace, every request that was filed about it, whatever its kind: access goes all the same. Two queries."""
    found = (
        Place.objects.filter(workspace__in=list(workspaces), removal__filed_at__isnull=False)
        .exclude(removal__stage__in=[stage.value for stage in NEVER_FILED])
        .exclude(Q(choice="keep") & Q(removal__restores=None))
    )
    names = (
        "workspace_id",
        "removal__number",
        "removal__addresses",
        "removal__filed_at",
        "removal__closed_at",
        "removal__person",
    )
    rows = list(found.values_list(*names))
    ids = accounts_of({(row[0], row[5]) for row in rows})
    asked: dict[int, list[Asked]] = defaultdict(list)
    for workspace, number, addresses, filed, closed, person in rows:
        subjects = frozenset({*map(fold, addresses), *map(fold, ids[workspace, person])})
        asked[workspace].append(Asked(f"R-{number}", subjects, filed, closed))
    return asked


def accounts_of(pairs: Iterable[tuple[int, str]]) -> dict[tuple[int, str], set[str]]:
    """By workspace and person, the ids of the accounts that a look has ever seen: an event may carry nothing else."""
    wanted, found = set(pairs), defaultdict[tuple[int, str], set[str]](set)
    seen = Snapshot.objects.filter(
        workspace__in={each[0] for each in wanted}, person__in={each[1] for each in wanted}
    )
    for workspace, person, accounts in seen.values_list("workspace_id", "person", "data__accounts"):
        if (workspace, person) in wanted:
            found[workspace, person] |= {str(each["id"]) for each in accounts or ()}
    return found


def collaborators_in(clients: Collection[int]) -> set[str]:
    found = Address.objects.filter(collaborator__client__in=list(clients))
    return {fold(email) for email in found.values_list("email", flat=True)}
