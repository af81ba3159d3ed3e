"""Nothing broke: the steps that measure what arrives, before the work and after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from offboarding.execution.models import Attempt, Run
from offboarding.execution.queries import attempts_of
from offboarding.execution.rules import REMEDIES, Cause, Ended, Result, Seen, Sight, Work
from offboarding.execution.steps import Step
from offboarding.gateways.segment import SegmentGateway
from offboarding.verification.actions import record_measurement
from offboarding.verification.comparing import (
    Change,
    Reading,
    changes,
    day_before,
    reading,
    says_after,
    says_before,
    span_since,
)
from offboarding.verification.measuring import Meter
from offboarding.verification.models import Measurement
from offboarding.verification.queries import acts_in, measured_before

# The newest minute is not there yet when Segment is asked, so the end of the watch waits a little longer.
LATE = timedelta(minutes=2)
TROUBLES_BORNE = 3
NAMED = 4


class MeasureBefore(Step):
    """The last 24 hours before the work. It ends with the first look whose parts say what is not known."""

    acts = False
    optional = True

    def recall(self, run: Run) -> Mapping[str, Any]:
        return {"tried": tried(run), "first": acts_in(run).first}

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        patient = work.known["tried"] == 0
        until = min(datetime.now(UTC), max(work.known["first"], work.since))
        seen = Meter(gateway, patient).read(day_before(until))
        return Sight(
            Seen.ABSENT, says_before(seen)[:500], {"measured": seen.as_json()}, ends=Ended.NOTHING_TO_DO
        )

    def noted(self, run: Run, attempt: Attempt, sight: Sight) -> None:
        record_measurement(run, attempt, sight, Measurement.When.BEFORE)


class MeasureAfter(Step):
    """States at once; numbers after the watch, when enough has come in. `ABSENT` means: nothing fell."""

    acts = False

    def __init__(self, watch: timedelta) -> None:
        """`watch` is how long events are let come in; none at all compares with the first look."""
        self.patience = (watch + LATE,) if watch else ()

    def waits(self, sight: Sight) -> bool:
        """What fell is said at once; only the numbers need time."""
        return not sight.facts["fell"]

    def recall(self, run: Run) -> Mapping[str, Any]:
        before = measured_before(run)
        looks = run.attempts.filter(result=Result.SEEN).count()
        return {
            "tried": tried(run),
            "acts": acts_in(run),
            "before": before.data if before else None,
            "watched": looks >= len(self.patience),
        }

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        known = work.known
        before = reading(known["before"]) if known["before"] else None
        after = self.measure(gateway, work)
        fell = changes(before, after, settings.VOLUME_FALL_PERCENT)
        facts = {"measured": after.as_json(), "fell": [[each.kind.value, each.id] for each in fell]}
        if fell:
            says = told(fell)
            return Sight(
                Seen.PRESENT,
                says,
                facts,
                (Cause.FELL, f"{work.workspace}: {says}."[:500], REMEDIES[Cause.FELL]),
            )
        says = says_after(before, after)[:500]
        if not known["watched"]:
            return Sight(Seen.PRESENT, f"{says}. Events are counted after the watch.", facts)
        compared = before is not None or any(line.earlier is not None for line in after.lines)
        return Sight(Seen.ABSENT, says, facts, ends=None if compared else Ended.NOTHING_TO_DO)

    def measure(self, gateway: SegmentGateway, work: Work) -> Reading:
        acts, meter = work.known["acts"], Meter(gateway, patient=work.known["tried"] < TROUBLES_BORNE)
        span = span_since(acts.last, datetime.now(UTC)) if work.known["watched"] else None
        return meter.read(span, span.earlier(acts.first) if span else None)

    def noted(self, run: Run, attempt: Attempt, sight: Sight) -> None:
        record_measurement(run, attempt, sight, Measurement.When.AFTER)


def tried(run: Run) -> int:
    """Looks that came to nothing so far: Segment made us wait, or gave no clear answer."""
    return sum(each.result == Result.NOT_APPLIED for each in attempts_of(run.pk))


def told(fell: tuple[Change, ...]) -> str:
    named = "; ".join(each.says for each in fell[:NAMED])
    return named + (f"; and {len(fell) - NAMED} more" if len(fell) > NAMED else "")
