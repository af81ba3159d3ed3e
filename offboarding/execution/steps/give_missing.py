from __future__ import annotations

from offboarding.discovery.holdings import Holding, holding, words
from offboarding.discovery.merging import narrowed, still_lacked
from offboarding.discovery.read import listed_account
from offboarding.discovery.rules import MEMBER_ONLY, Outcome, Sighting
from offboarding.execution.rules import Cause, Seen, Sight, Work
from offboarding.execution.steps import Call, accounts
from offboarding.execution.steps.give_back import GiveBack, role_gone, wanted
from offboarding.gateways.segment import Permission, Resource, SegmentGateway, protocol


class GiveMissing(GiveBack):
    """What another account of the same person holds and this one lacks: added to what it has, else through an invitation.

    Adding takes nothing away, whatever somebody changed since the plan was made. Done when a fresh read shows it, or shows
    the invitation: whether it is accepted, the check afterwards says.
    """

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        found = accounts.present(gateway, work)
        if not found:
            return self.invited(gateway, work)
        seen = Sighting(Outcome.MEMBER, (listed_account(gateway, found[0]),))
        left = still_lacked(planned(work), seen)
        if not left:
            return Sight(Seen.ABSENT, f"{work.person} has what it lacked in {work.workspace}")
        facts = {"account": found[0].id, "left": [each.as_json() for each in left]}
        says = f"{work.person} lacks {words(left)} in {work.workspace}"
        return Sight(Seen.PRESENT, says, facts, role_gone(gateway, work))

    def hindered(self, gateway: SegmentGateway, work: Work) -> tuple[Cause, str, str] | None:
        """Somebody whose roles all come with groups is invited to bare membership."""
        if work.target["permissions"] or bare(gateway):
            return role_gone(gateway, work)
        sentence = (
            f"{work.workspace} has no role {MEMBER_ONLY}, so nobody is invited there without another role."
        )
        return Cause.NO_SUCH_FEATURE, sentence, "Invite them by hand with proof, or skip this with a reason."

    def intent(self, work: Work) -> str:
        return f"Give {work.person} {words(planned(work)) or 'membership'} in {work.workspace}"[:500]

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        if account := sight.facts.get("account"):
            given = lacking(work, sight)
            return Call(
                gateway.preview(protocol.add_permissions(account, given)),
                lambda: gateway.add_permissions(account, given),
                "Segment accepted what was missing, beside what was there",
            )
        given = wanted(work) or bare(gateway)
        return Call(
            gateway.preview(protocol.invite(work.person, given)),
            lambda: gateway.invite(work.person, given),
            "Segment accepted the invitation",
        )


def planned(work: Work) -> list[Holding]:
    return [holding(each) for each in work.target["lacks"]]


def lacking(work: Work, sight: Sight) -> list[Permission]:
    """Of what was planned, as Segment takes it, the part that the look found missing."""
    left = {holding(each).grant for each in sight.facts["left"]}
    parts = (narrowed(each, left) for each in work.target["permissions"])
    return [protocol.read_permission(each) for each in parts if each]


def bare(gateway: SegmentGateway) -> list[Permission]:
    """Membership and nothing else; empty where the workspace's plan has no such role."""
    whole = (Resource(id=gateway.workspace().id, type="WORKSPACE", labels=()),)
    return [Permission(each.id, each.name, whole) for each in gateway.roles() if each.name == MEMBER_ONLY]
