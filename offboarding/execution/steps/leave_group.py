from __future__ import annotations

from offboarding.execution.rules import Seen, Sight, Work
from offboarding.execution.steps import Call, Step
from offboarding.gateways.segment import NotThere, SegmentGateway, protocol
from offboarding.lib.addresses import fold


class LeaveGroup(Step):
    """Out of one user group. Segment lists group members with ids and removes them by e-mail."""

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        group, name = str(work.target["group_id"]), work.target["group"]
        ids, wanted = work.identities
        try:
            members = list(gateway.group_members(group))
        except NotThere:
            if any(each.id == group for each in gateway.groups()):
                raise  # by the whole list, not by one 404: while it is listed, who is in it is not known
            return Sight(Seen.ABSENT, f"the group {name} no longer exists")
        found = [member.email for member in members if member.id in ids or fold(member.email) in wanted]
        if not found:
            return Sight(Seen.ABSENT, f"not in the group {name}")
        return Sight(Seen.PRESENT, f"still in the group {name}", {"emails": found})

    def intent(self, work: Work) -> str:
        return f"Remove {work.person} from the group {work.target['group']} in {work.workspace}"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        group, email = str(work.target["group_id"]), sight.facts["emails"][0]
        request = gateway.preview(protocol.remove_from_group(group, email))
        says = "Segment accepted the removal from the group"
        return Call(request, lambda: gateway.remove_from_group(group, email), says)
