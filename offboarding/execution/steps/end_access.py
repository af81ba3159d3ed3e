from __future__ import annotations

from offboarding.execution.rules import Seen, Sight, Work
from offboarding.execution.steps import Call
from offboarding.execution.steps.remove_member import RemoveMember
from offboarding.gateways.segment import SegmentGateway, protocol
from offboarding.lib.addresses import fold


class EndAccess(RemoveMember):
    """Neither a member nor invited. Groups end with the membership, and with the invitation."""

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        # Invitations first: one that is accepted in between is then among the members.
        pending = [email for email in gateway.invites() if fold(email) in work.identities[1]]
        member = super().look(gateway, work)
        if member.seen is Seen.PRESENT:
            return member
        if pending:
            return Sight(Seen.PRESENT, f"still invited to {work.workspace}", {"invitations": pending})
        return Sight(Seen.ABSENT, f"neither a member of {work.workspace} nor invited")

    def intent(self, work: Work) -> str:
        return f"End the access of {work.person} to {work.workspace}, and their invitation"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        if "invitations" not in sight.facts:
            return super().prepare(gateway, work, sight)
        email = sight.facts["invitations"][0]
        request = gateway.preview(protocol.cancel_invitation(email))
        return Call(request, lambda: gateway.cancel_invitation(email), "Segment accepted the cancellation")
