"""The check before one account of a person goes: the one that stays has everything that the other holds."""

from __future__ import annotations

from datetime import timedelta

from offboarding.discovery.holdings import holding, words
from offboarding.discovery.merging import still_lacked
from offboarding.discovery.read import look_for
from offboarding.discovery.rules import Outcome
from offboarding.execution.rules import Cause, Seen, Sight, Work
from offboarding.execution.steps import Step
from offboarding.gateways.segment import SegmentGateway

REMEDY = (
    "Give it in Segment, or find out why it is not there: an invitation that was not accepted, a sync that has not come, "
    "somebody who took it. Then check again. If it may be without it, skip this and say why: the other account goes then."
)


class ReadTakenOver(Step):
    """`Seen.ABSENT` here means: nothing is missing, so that the other account may go."""

    acts = False
    # An invitation waits for its person, and a sync for its time: up to thirty days.
    patience = (
        timedelta(seconds=2), timedelta(minutes=1), timedelta(minutes=10), *(timedelta(hours=1),) * 30 * 24,
    )  # fmt: skip

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        seen = look_for(gateway, work.addresses, {key for key, _ in work.accounts})
        facts = {"sighting": seen.as_json(), "there": seen.outcome is Outcome.MEMBER}
        left = still_lacked([holding(each) for each in work.target["lacks"]], seen)
        if seen.outcome is Outcome.MEMBER and not left:
            return Sight(Seen.ABSENT, f"{work.person} has in {work.workspace} everything that goes", facts)
        if seen.outcome is Outcome.INVITED:
            told = f"{work.person} is invited to {work.workspace} and has not accepted yet"
        elif seen.outcome is Outcome.ABSENT:
            told = f"{work.person} is no member of {work.workspace} yet"
        else:
            told = f"{work.person} lacks {words(left)} in {work.workspace}"
        return Sight(Seen.PRESENT, told, facts, (Cause.NOT_AS_PLANNED, f"{told}."[:500], REMEDY))

    def waits(self, sight: Sight) -> bool:
        """Whoever is a member and lacks something gets it by nobody's sync."""
        return not sight.facts["there"]
