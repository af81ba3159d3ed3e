"""The check after access was given back: exactly what was held before, and no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from offboarding.discovery.read import look_for
from offboarding.discovery.rules import MEMBER_ONLY, Outcome, Sighting, sighting
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import REMEDIES, Cause, Seen, Sight, Work
from offboarding.execution.steps import Step
from offboarding.execution.steps.give_back import is_over
from offboarding.gateways.segment import SegmentGateway
from offboarding.verification.actions import record_finding
from offboarding.verification.rules import Back, compared

FIRST = (timedelta(seconds=2), timedelta(minutes=1), timedelta(minutes=10))


class ReadRestored(Step):
    """`Seen.ABSENT` here means: nothing is missing, and nothing is too much."""

    acts = False
    # An invitation waits for its person: for as long as a restoration may last.
    patience = FIRST + (timedelta(hours=1),) * 30 * 24

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        seen = look_for(gateway, work.addresses, {key for key, _ in work.accounts})
        back, says = compared(seen, work.target["permissions"], work.target["groups"])
        # Seen to be there on purpose: that never "came back".
        facts = {"sighting": seen.as_json(), "back": back.value, "left": False}
        if back is Back.EXACTLY or (is_over(work) and back is not Back.MORE):
            return Sight(Seen.ABSENT, f"{says} in {work.workspace}", facts)
        told = f"{work.workspace}: {says}."
        return Sight(Seen.PRESENT, told, facts, (Cause.NOT_AS_BEFORE, told, REMEDIES[Cause.NOT_AS_BEFORE]))

    def waits(self, sight: Sight) -> bool:
        return bool(sight.facts["back"] == Back.INVITED)

    def noted(self, run: Run, attempt: Attempt, sight: Sight) -> None:
        """Kept once, as what it is: access that is there, on purpose."""
        seen = sighting(sight.facts["sighting"])
        if sight.seen is Seen.ABSENT and seen.accounts:
            record_finding(run, attempt, replace(sight, seen=Seen.PRESENT), seen)


class ReadReturned(ReadRestored):
    """After the identity provider brought somebody back: a member again, and no more than before.

    A provider brings bare membership first, and what its groups stand for later or not at all (Segment: SSO; SCIM).
    """

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        seen = look_for(gateway, work.addresses, {key for key, _ in work.accounts})
        back, says = compared(without_bare(seen), work.target["permissions"], work.target["groups"])
        there = seen.outcome is Outcome.MEMBER
        facts = {"sighting": seen.as_json(), "back": Back.INVITED if not there else back.value, "left": False}
        if there and back is not Back.MORE:
            return Sight(Seen.ABSENT, f"{says} in {work.workspace}", facts)
        told = f"{work.workspace}: {says}."
        return Sight(Seen.PRESENT, told, facts, (Cause.NOT_AS_BEFORE, told, REMEDIES[Cause.NOT_AS_BEFORE]))


def without_bare(seen: Sighting) -> Sighting:
    """Membership alone is no more than anybody had."""
    return replace(
        seen,
        accounts=tuple(
            replace(account, roles=tuple(role for role in account.roles if role.role != MEMBER_ONLY))
            for account in seen.accounts
        ),
    )
