"""Events of a closed removal that our copy of the audit trail got after the step that looks for them had ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from offboarding.directory.queries import addresses_of
from offboarding.evidence.actions import stored_json, write_json
from offboarding.execution.models import Run
from offboarding.ledger.actions import APP, Event, record
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.trail import queries as trail
from offboarding.verification.models import Trace
from offboarding.verification.traced import LOOKS, calls_in, facts_kept, since_of, wanted_by
from offboarding.verification.trail import Pair, attributed, found, known

# Segment's clock and ours may differ by so much. What comes later belongs to another act.
SLACK = timedelta(hours=1)


def late(since: datetime | None) -> list[int]:
    """Steps of closed removals whose workspace has got an event of their time after they ended, by id.

    With `since`, of those only where something was kept, or that closed, after it. Two queries.
    """
    seen = Run.objects.filter(LOOKS, item__plan__removal__stage=Stage.CLOSED)
    if since is not None:
        fresh = trail.kept_since(since).values_list("workspace", flat=True).distinct()
        seen = seen.filter(Q(item__workspace__in=list(fresh)) | Q(item__plan__removal__closed_at__gt=since))
    came = trail.kept_since(OuterRef("ended_at")).filter(
        workspace=OuterRef("item__workspace"),
        at__gte=OuterRef("item__plan__removal__started_at") - timedelta(minutes=1),
        at__lte=OuterRef("item__plan__removal__closed_at") + SLACK,
    )
    return list(seen.filter(Exists(came)).order_by("pk").values_list("pk", flat=True))


def keep(pk: int) -> int:
    """Keep what neither a look nor an earlier turn of this has. How many events that is. Slow: it writes a file."""
    beside = ("item__plan__removal", "item__workspace__client")
    run = Run.objects.select_related(*beside).defer("item__plan__body").get(pk=pk)
    place = run.item.workspace
    assert place is not None
    if not (pairs := unknown(run)):
        return 0
    stored = stored_json(
        {"from": "our copy of the audit trail", "events": [dict(raw) for _, raw in pairs]}, place.client
    )
    with transaction.atomic():
        RemovalRequest.objects.select_for_update().get(pk=run.item.plan.removal_id)
        if keys(unknown(run)) != keys(pairs):  # somebody else kept them, or more came: the next turn has them
            return 0
        file = write_json(
            stored,
            name=f"audit-events-that-came-later-step-{run.item.number}.json",
            shows=f"Events of the removal in the audit trail of {place.name} that came after the step had ended",
            taken_by="Offboard",
            origin=place.name,
        )
        copy = trail.copy_of(place)
        ours = tuple(copy.ours) if copy else ()
        events = attributed(pairs, ours, addresses_of(place.client), calls_in(run))
        Trace.objects.bulk_create(
            Trace(run=run, key=each["id"], event=each, evidence=file) for each in events
        )
        record(
            Event.TRAIL_TOLD_LATER, actor=APP, about=run.item.plan.removal.reference, facts=told(run, events)
        )
    return len(events)


def told(run: Run, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    item = run.item
    return {
        "item": item.number,
        "title": item.title,
        "workspace": item.workspace.name if item.workspace else "",
        "events": len(events),
        "says": found(events),
    }


def unknown(run: Run) -> list[Pair]:
    """Events of the removal's time that no look and no trace has, oldest first. Three queries."""
    wanted, removal = wanted_by(run), run.item.plan.removal
    assert run.item.workspace is not None and removal.closed_at is not None
    kept = trail.kept_about(run.item.workspace, wanted.ids, wanted.addresses, since_of(run))
    if not kept:
        return []
    facts, until = facts_kept(run), removal.closed_at + SLACK
    pairs = ((each.told, each.raw) for each in kept if each.at <= until)
    return [pair for pair in pairs if wanted.traces(pair[0]) and not known(pair[0], facts)]


def keys(pairs: Sequence[Pair]) -> list[str]:
    return [told.key for told, _ in pairs]
