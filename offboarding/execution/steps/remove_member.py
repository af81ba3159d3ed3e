from __future__ import annotations

from offboarding.execution.rules import Seen, Sight, Work
from offboarding.execution.steps import Call, Step, accounts
from offboarding.gateways.segment import SegmentGateway, protocol


class RemoveMember(Step):
    """Out of the workspace. The person's own Segment account stays theirs (Segment: SCIM, account deletion)."""

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        found = accounts.present(gateway, work)
        if not found:
            return Sight(Seen.ABSENT, f"not in the member list of {work.workspace}")
        owner = accounts.is_owner(gateway, found[0])
        facts = {
            "accounts": [{"id": member.id, "email": member.email} for member in found],
            **({"owner": True} if owner else {}),
        }
        blocked = accounts.only_owner(gateway, work, found[0]) if owner else None
        return Sight(Seen.PRESENT, f"still a member of {work.workspace}", facts, blocked)

    def intent(self, work: Work) -> str:
        return f"Remove {work.person} from {work.workspace}"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        # One account per call: the answer for several at once is not documented. The next look finds what is left.
        account = sight.facts["accounts"][0]["id"]
        request = gateway.preview(protocol.remove_member(account))
        return Call(request, lambda: gateway.remove_member(account), "Segment accepted the removal")
