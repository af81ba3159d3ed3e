from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from offboarding.execution.models import Run
from offboarding.execution.rotation import queries
from offboarding.execution.rotation.rules import Outgoing, short, spoken
from offboarding.execution.rules import CALLS_AT_MOST, Cause, Seen, Sight, Work
from offboarding.execution.steps import Call, Step
from offboarding.execution.steps.add_write_key import without_source
from offboarding.gateways.segment import NotThere, SegmentGateway

Blocked = tuple[Cause, str, str]


class RemoveWriteKey(Step):
    """The old keys of a rotation go, one a call: only keys on our rows, and only while the new one is there."""

    def rests(self, run: Run, now: datetime) -> tuple[datetime, str] | None:
        ends = queries.grace_ends(run)
        return (ends, "Grace time for the senders") if ends and ends > now else None

    def recall(self, run: Run) -> Mapping[str, Any]:
        return {"rotation": queries.outgoing(run)}

    def calls_at_most(self, run: Run) -> int:
        return CALLS_AT_MOST * max(1, len(queries.outgoing(run).old))

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        going = work.known["rotation"]
        try:
            now = gateway.source(str(work.target["source_id"])).key_fingerprints
        except NotThere as error:
            return without_source(gateway, work, error)
        left = sorted(going.old.intersection(now))
        facts = {"fingerprints": sorted(now), "left": left}
        if blocked := why_not(going.new, going.confirmed, now):
            return Sight(Seen.UNKNOWN, blocked[1], facts, blocked)
        if not left:
            return Sight(
                Seen.ABSENT, f"the old keys are gone, and the new key {short(going.new)} is there", facts
            )
        return Sight(Seen.PRESENT, f"old keys are still there: {spoken(left)}", facts)

    def intent(self, work: Work) -> str:
        return f"Remove an old write key of {work.target['source']} in {work.workspace}"

    def stands(self, run: Run, work: Work) -> bool:
        """The confirmation may have been taken back meanwhile, or the new key may be lost."""
        compared: Outgoing = work.known["rotation"]
        return queries.outgoing(run) == compared

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        key = sight.facts["left"][0]
        removal = gateway.key_removal(str(work.target["source_id"]), key)
        return Call(removal.request, removal.make, f"Segment accepted the removal of {short(key)}")


def why_not(new: str, confirmed: bool, now: tuple[str, ...]) -> Blocked | None:
    """Never before somebody confirmed, and never the last working key."""
    if not new:
        sentence = "We added no key to this source, so we cannot tell which keys are old."
        return Cause.DOUBT, sentence, "Do it by hand with proof, or skip it with a reason."
    if not confirmed:
        sentence = "Nobody confirmed that the senders use the new key, so the old keys stay."
        return (
            Cause.DOUBT,
            sentence,
            "Sign off the confirmation, then try again. Or skip this step with a reason.",
        )
    if new not in now:
        sentence = f"The new key {short(new)} is not there any more, so the old keys stay."
        return Cause.DOUBT, sentence, "Look in Segment who removed it. Then start over with another key."
    return None
