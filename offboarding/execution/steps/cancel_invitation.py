from __future__ import annotations

from offboarding.execution.rules import Seen, Sight, Work
from offboarding.execution.steps import Call, Step
from offboarding.gateways.segment import SegmentGateway, protocol
from offboarding.lib.addresses import same


class CancelInvitation(Step):
    """No pending invitation to this address. The address is sent exactly as Segment lists it."""

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        wanted = str(work.target["invitation"])
        listed = [email for email in gateway.invites() if same(email, wanted)]
        if not listed:
            return Sight(Seen.ABSENT, f"no invitation to {wanted} is pending in {work.workspace}")
        return Sight(Seen.PRESENT, f"the invitation to {wanted} is still pending", {"invitations": listed})

    def intent(self, work: Work) -> str:
        return f"Cancel the invitation to {work.target['invitation']} in {work.workspace}"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        email = sight.facts["invitations"][0]
        request = gateway.preview(protocol.cancel_invitation(email))
        return Call(request, lambda: gateway.cancel_invitation(email), "Segment accepted the cancellation")
