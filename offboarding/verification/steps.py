"""The checks, as steps that look and never act."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from offboarding.discovery.read import look_for
from offboarding.discovery.rules import Sighting, sighting
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import REMEDIES, Cause, Seen, Sight, Work
from offboarding.execution.steps import Step
from offboarding.gateways.segment import Declined, NotAllowed, NotThere, SegmentGateway
from offboarding.removals.rules import Choice
from offboarding.trail import actions as trail
from offboarding.trail.reading import told, told_again
from offboarding.trail.rules import By
from offboarding.verification.actions import record_finding
from offboarding.verification.queries import gone_before
from offboarding.verification.reduced import reduced
from offboarding.verification.rules import gone, says
from offboarding.verification.traced import trail_of
from offboarding.verification.trail import Pair, Wanted, attributed, found, silent


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
        sentence = says(choice, seen, work.workspace)
        back = value is Seen.PRESENT and work.known["gone_since"]
        blocked = came_back(sentence, work) if back else None
        return Sight(value, sentence, {"sighting": seen.as_json()}, blocked)

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


SEGMENT = "Segment"


class FetchAuditEvents(Step):
    """The audit trail's own record of the removal: from our copy of it, else read anew. Absent events are said with the
    reason, and never taken as a failure of the removal.
    """

    acts = False
    # Segment does not say when an event shows up (Segment: Audit Trail).
    patience = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, 30, 120, 600))
    # From this look on it is looked for further back: the two clocks may differ.
    WIDENS = 3

    def recall(self, run: Run) -> Mapping[str, Any]:
        return trail_of(run)

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        """`ABSENT` here means: nothing is missing, the events were found."""
        wanted: Wanted = work.known["wanted"]
        kept = [pair for pair in work.known["kept"] if wanted.traces(pair[0])]
        if kept:
            return self.found(work, kept, "our copy of the audit trail")
        back = timedelta(hours=1) if work.known["looks"] > self.WIDENS else timedelta(minutes=1)
        try:
            read = [
                (placed, raw)
                for event, raw in gateway.audit_copies(work.since - back, datetime.now(UTC))
                if (placed := told(event))
            ]
        except (NotAllowed, Declined, NotThere) as error:
            return self.silent(work, (), error.sentence)
        about = [pair for pair in read if wanted.concerns(pair[0])]
        if traces := [pair for pair in about if wanted.traces(pair[0])]:
            return self.found(work, traces, SEGMENT)
        return self.silent(work, [each.type for each, _ in about])

    def found(self, work: Work, pairs: list[Pair], origin: str) -> Sight:
        events = attributed(pairs, *(work.known[name] for name in ("ours", "collaborators", "calls")))
        beside = {"from": origin, "events": [dict(raw) for _, raw in pairs]}
        return Sight(Seen.ABSENT, found(events), {"events": events, "from": origin}, beside=(beside,))

    def silent(self, work: Work, others: Collection[str], lack: str = "") -> Sight:
        sentence = silent(work.workspace, others, lack)
        blocked = (Cause.NO_EVENT, sentence[:500], REMEDIES[Cause.NO_EVENT])
        return Sight(Seen.PRESENT, sentence, {"lack": lack}, blocked)

    def waits(self, sight: Sight) -> bool:
        """What cannot be read brings nothing later either."""
        return not sight.facts["lack"]

    def noted(self, run: Run, attempt: Attempt, sight: Sight) -> None:
        """The events stay in our copy, and may tell which token is ours."""
        if not (events := sight.facts.get("events")):
            return
        assert run.item.workspace is not None
        if sight.facts["from"] == SEGMENT:
            raws = sight.beside[0]["events"]
            trail.keep_events(run.item.workspace, [(told, raw) for raw in raws if (told := told_again(raw))])
        for actor in {each["actor"] for each in events if each["by"] == By.US}:
            trail.is_ours(run.item.workspace, actor)
