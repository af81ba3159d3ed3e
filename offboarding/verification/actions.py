"""Recording what a check saw."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from offboarding import spelled
from offboarding.discovery.rules import Sighting
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Seen, Sight
from offboarding.ledger.actions import APP, Event, record
from offboarding.verification.models import Finding, Measurement
from offboarding.verification.queries import gone_before


def record_finding(run: Run, attempt: Attempt, sight: Sight, seen: Sighting) -> Finding:
    """Keep one finding. Access that is there after an earlier finding of its absence came back.

    Where only some was to go, that counts for what was to go alone.
    """
    with transaction.atomic(savepoint=False):
        finding = spelled.add(
            Finding(
                attempt=attempt,
                seen=sight.seen.value,
                came_back=sight.seen is Seen.PRESENT and sight.facts.get("left", True) and gone_before(run),
                says=sight.says[:500],
                data=seen.as_json(),
            )
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


def record_measurement(run: Run, attempt: Attempt, sight: Sight, moment: Measurement.When) -> Measurement:
    """Keep one measurement. Twice keeps one."""
    fell = sight.facts.get("fell", [])
    with transaction.atomic(savepoint=False):
        if kept := measurement_of(attempt.pk):
            return kept[0]
        measured = spelled.add(
            Measurement(
                attempt=attempt,
                when=moment,
                fell=fell,
                says=sight.says[:500],
                data=sight.facts["measured"],
            )
        )
        record(
            Event.DELIVERY_FELL if fell else Event.DELIVERY_MEASURED,
            actor=APP,
            about=run.item.plan.removal.reference,
            facts={
                "item": run.item.number,
                "workspace": run.item.workspace.name if run.item.workspace else "",
                "when": str(moment),
                "says": measured.says,
            },
        )
    return measured


@spelled.Asked
def measurement_of(attempt: int) -> QuerySet[Measurement]:
    return Measurement.objects.filter(attempt=attempt)
