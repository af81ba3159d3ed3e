"""The checks, as steps that look and never act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from offboarding.discovery.read import look_for
from offboarding.discovery.rules import Sighting, sighting
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import REMEDIES, Cause, Seen, Sight, Work
from offboarding.execution.steps import Step
from offboarding.gateways.segment import AuditEvent, SegmentGateway
from offboarding.lib.addresses import fold
from offboarding.removals.rules import Choice
from offboarding.verification.actions import record_finding
from offboarding.verification.queries import gone_before
from offboarding.verification.reduced import reduced
from offboarding.verification.rules import gone, says


class ReadPlaceAgain(Step):
    """Members, groups and invitations, under every address and every known account of the person. One definition of gone."""

    acts = False
    patience = (timedelta(seconds=2), timedelta(seconds=8))

    def recall(self, run: Run) -> Mapping[str, Any]:
        return {
            "gone_since": gone_before(run),
            "managed": run.item.workspace and run.item.workspace.managed_by,
            "follow_up": bool(run.item.at),
        }

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        seen = look_for(gateway, work.addresses, {key for key, _ in work.accounts})
        choice = str(work.target.get("choice", "remove"))
        if choice == Choice.REDUCE:
            return self.reduced(work, seen)
        value = Seen.ABSENT if gone(choice, seen) else Seen.PRESENT
        told = says(choice, seen, work.workspace)
        back = value is Seen.PRESENT and work.known["gone_since"]
        return Sight(value, told, {"sighting": seen.as_json()}, came_back(told, work) if back else None)

    def reduced(self, work: Work, seen: Sighting) -> Sight:
        sight = reduced(work.target, seen, work.workspace, work.known["follow_up"])
        back = sight.facts["left"] and work.known["gone_since"]
        return replace(sight, blocked=came_back(sight.says, work)) if back else sight

    def noted(self, run: Run, attempt: Attempt, sight: Sight) -> None:
        record_finding(run, attempt, sight, sighting(sight.facts["sighting"]))


def came_back(told: str, work: Work) -> tuple[Cause, str, str]:
    """It had been seen gone: something added the person again, and asking for the same removal would not end that."""
    by = (
        " The identity provider manages the workspace, so its sync may have."
        if work.known["managed"] == "scim"
        else ""
    )
    return Cause.CAME_BACK, f"Access came back: {told}.{by}"[:500], REMEDIES[Cause.CAME_BACK]


class FetchAuditEvents(Step):
    """The audit trail's own record of the removal. Absent events are said, never taken as a failure of the removal."""

    acts = False
    # Segment does not say when an event shows up (Segment: Audit Trail).
    patience = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, 30))

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        """`ABSENT` here means: nothing is missing, the events were found."""
        start, end = work.since - timedelta(minutes=1), datetime.now(UTC)
        events = [event for event in gateway.audit_events(start, end) if concerns(event, work)]
        if not events:
            sentence = f"No event about the removal is in the audit trail of {work.workspace} yet."
            return Sight(Seen.PRESENT, sentence, {}, (Cause.NO_EVENT, sentence, REMEDIES[Cause.NO_EVENT]))
        newest = max(events, key=lambda event: event.at)
        facts = {
            "events": [
                {"id": each.id, "type": each.type, "at": str(each.at), "actor": each.actor} for each in events
            ]
        }
        return Sight(Seen.ABSENT, f"{len(events)} events found, the newest: {newest.type}", facts)


def concerns(event: AuditEvent, work: Work) -> bool:
    """By id or address, in any of the fields that may carry it: which one does is not documented."""
    ids, wanted = work.identities
    values = {fold(str(value)) for value in (event.resource_id, event.resource_name)}
    return bool(values & wanted or values & {fold(key) for key in ids})
