from __future__ import annotations

from offboarding.execution.rules import Seen, Sight, Work
from offboarding.execution.steps import Call, Step
from offboarding.execution.steps.give_back import blocked, ending, is_over, more_than
from offboarding.gateways.segment import NotThere, SegmentGateway, protocol
from offboarding.lib.addresses import fold


class JoinGroup(Step):
    """In one user group again, unless it gives more today than it did. Who is invited joins when they accept."""

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        name = work.target["group"]
        if is_over(work):
            return Sight(
                Seen.ABSENT, f"it ends {ending(work):%d %b %Y %H:%M} UTC, so nothing is given any more"
            )
        try:
            return self.look_at(gateway, work, name)
        except NotThere:
            sentence = f"The group {name} no longer exists in {work.workspace}."
            return Sight(Seen.PRESENT, sentence, {}, blocked(sentence))

    def look_at(self, gateway: SegmentGateway, work: Work, name: str) -> Sight:
        group, (ids, wanted) = str(work.target["group_id"]), work.identities
        if any(each.id in ids or fold(each.email) in wanted for each in gateway.group_members(group)):
            return Sight(Seen.ABSENT, f"in the group {name} again")
        if any(fold(email) in wanted for email in gateway.group_invites(group)):
            return Sight(Seen.ABSENT, f"joins the group {name} when the invitation is accepted")
        _, given = gateway.group(group)
        before = work.target["permissions"]
        if before is None or more_than(given, before):
            sentence = f"The group {name} may give more today than it did."
            return Sight(Seen.PRESENT, sentence, {}, blocked(sentence))
        return Sight(Seen.PRESENT, f"not in the group {name}")

    def intent(self, work: Work) -> str:
        return f"Put {work.person} into the group {work.target['group']} in {work.workspace}"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        group = str(work.target["group_id"])
        return Call(
            gateway.preview(protocol.add_to_group(group, work.person)),
            lambda: gateway.add_to_group(group, work.person),
            "Segment accepted the group",
        )
