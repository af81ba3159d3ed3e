"""Recording what a check saw."""

from __future__ import annotations

from django.db import transaction

from offboarding.discovery.rules import Sighting
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Seen, Sight
from offboarding.ledger.actions import APP, Event, record
from offboarding.verification.models import Finding


def record_finding(run: Run, attempt: Attempt, sight: Sight, seen: Sighting) -> Finding:
    """Keep one finding. Access that is there after an earlier finding of its absence came back."""
    earlier = Finding.objects.filter(
        attempt__run__item__plan__removal=run.item.plan.removal,
        attempt__run__item__workspace=run.item.workspace,
        seen=Seen.ABSENT,
    )
    with transaction.atomic():
        finding = Finding.objects.create(
            attempt=attempt,
            seen=sight.seen.value,
            came_back=sight.seen is Seen.PRESENT and earlier.exists(),
            says=sight.says[:500],
            data=seen.as_json(),
        )
        record(
            Event.FINDING_RECORDED,
            actor=APP,
            about=run.item.plan.removal.reference,
            facts={
                "item": run.item.number,
                "workspace": run.item.workspace.name if run.item.workspace else "",
                "seen": finding.seen,
                "came_back": finding.came_back,
                "says": finding.says,
            },
        )
    return finding
