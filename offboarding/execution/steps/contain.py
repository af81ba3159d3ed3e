from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offboarding.discovery import actions as discovery
from offboarding.discovery.read import look_for
from offboarding.discovery.rules import Outcome, Owners, Sighting, sighting
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import REMEDIES, Act, Cause, Result, Seen, Sight, Work
from offboarding.execution.steps import Call, Step
from offboarding.gateways.segment import SegmentGateway, protocol

# A person may hold several accounts and invitations; each call ends one of them.
CALLS_AT_MOST = 25


class Contain(Step):
    """Out of the workspace as fast as calls go: every account and every invitation, under every known address.

    It needs no earlier look. Its own first look keeps what was held, before anything is changed: roles are not to be seen
    afterwards, and which keys they reached follows from them. Groups end with the membership, and with the invitation.
    """

    def calls_at_most(self, run: Run) -> int:
        return CALLS_AT_MOST

    def recall(self, run: Run) -> Mapping[str, Any]:
        calls = [each for each in run.attempts.all() if each.act == Act.CALL]
        last = calls[-1] if calls else None
        accepted = last is not None and last.result in (Result.ACCEPTED, Result.ABSENT)
        seen = last.seen_before if accepted and last else None
        return {"ended": next_of(seen) if seen else "", "called": bool(calls)}

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        seen = look_for(gateway, [*work.addresses, *(email for _, email in work.accounts)], known_ids(work))
        facts = {
            "sighting": seen.as_json(),
            "accounts": [{"id": each.id, "email": each.email} for each in seen.accounts],
            "invitations": list(seen.invitations),
        }
        if seen.outcome is Outcome.ABSENT:
            return Sight(Seen.ABSENT, f"neither a member of {work.workspace} nor invited", facts)
        says = f"a member of {work.workspace}" if seen.accounts else f"invited to {work.workspace}"
        afresh = bool(work.known["ended"]) and work.known["ended"] != next_of(facts)
        return Sight(Seen.PRESENT, f"still {says}", facts, last_owner(seen, work), afresh=afresh)

    def intent(self, work: Work) -> str:
        return f"End every access of {work.addresses[0]} to {work.workspace}"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        if accounts := sight.facts["accounts"]:
            account = accounts[0]["id"]
            request = gateway.preview(protocol.remove_member(account))
            return Call(request, lambda: gateway.remove_member(account), "Segment accepted the removal")
        email = sight.facts["invitations"][0]
        request = gateway.preview(protocol.cancel_invitation(email))
        return Call(request, lambda: gateway.cancel_invitation(email), "Segment accepted the cancellation")

    def noted(self, run: Run, attempt: Attempt, sight: Sight) -> None:
        """What was held, as long as nothing of it was changed."""
        if sight.seen is not Seen.PRESENT or self.recall(run)["called"] or run.item.workspace is None:
            return
        attempt.refresh_from_db(fields=["exchanges"])
        addresses = run.item.plan.removal.addresses
        discovery.keep_seen(
            run.item.workspace, addresses, sighting(sight.facts["sighting"]), attempt.exchanges
        )


def known_ids(work: Work) -> set[str]:
    return {key for key, _ in work.accounts}


def next_of(facts: Mapping[str, Any]) -> str:
    """What the next call ends, in one word."""
    accounts, invitations = facts.get("accounts") or (), facts.get("invitations") or ()
    return str(accounts[0]["id"]) if accounts else str(next(iter(invitations), ""))


def last_owner(seen: Sighting, work: Work) -> tuple[Cause, str, str] | None:
    if seen.owners is not Owners.LAST:
        return None
    sentence = f"{work.addresses[0]} is the only Owner of {work.workspace}."
    return Cause.LAST_OWNER, sentence, REMEDIES[Cause.LAST_OWNER]
