from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from offboarding.discovery.rules import grants
from offboarding.execution.models import Run
from offboarding.execution.queries import history_of
from offboarding.execution.rules import REMEDIES, Cause, Seen, Sight, Work
from offboarding.execution.steps import Call, Step, accounts
from offboarding.gateways.segment import Permission, SegmentGateway, protocol
from offboarding.lib.addresses import same
from offboarding.work import clock

# Nothing is given so shortly before the end that the end might not see it.
LAST_CALL = timedelta(minutes=5)


class GiveBack(Step):
    """Exactly the permissions that the account held directly: set where it is a member, else through an invitation.

    Done when a fresh read shows them, or shows the invitation: whether it is accepted, the check afterwards says.
    """

    def recall(self, run: Run) -> Mapping[str, Any]:
        """Whether an invitation that is pending can be ours. Segment does not say what an invitation grants."""
        history = history_of(list(run.attempts.all()))
        return {"called": bool(history.answered or history.doubtful)}

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        if is_over(work):
            return Sight(
                Seen.ABSENT, f"it ends {ending(work):%d %b %Y %H:%M} UTC, so nothing is given any more"
            )
        found = accounts.present(gateway, work)
        if not found:
            return self.invited(gateway, work)
        _, held = gateway.member(found[0].id)
        if blocked := not_known(work):
            return Sight(Seen.PRESENT, "not given back", {}, blocked)
        if grants(each.as_input() for each in held) == grants(work.target["permissions"]):
            return Sight(Seen.ABSENT, f"a member of {work.workspace} with exactly what was held before")
        names = ", ".join(sorted({each.role_name for each in held})) or "nothing"
        return Sight(
            Seen.PRESENT,
            f"a member of {work.workspace} with {names}",
            {"account": found[0].id, "roles": names},
            role_gone(gateway, work),
        )

    def invited(self, gateway: SegmentGateway, work: Work) -> Sight:
        pending = [email for email in gateway.invites() if same(email, work.person)]
        if pending and work.known["called"]:
            return Sight(Seen.ABSENT, f"invited to {work.workspace}; {work.person} has to accept")
        if pending:
            sentence = f"An invitation of {work.person} is pending that this request did not send."
            remedy = "Nobody can see what it grants. Cancel it in Segment, then try again."
            return Sight(Seen.PRESENT, sentence, {}, (Cause.NOT_AS_BEFORE, sentence, remedy))
        blocked = self.hindered(gateway, work)
        return Sight(Seen.PRESENT, f"neither a member of {work.workspace} nor invited", {}, blocked)

    def hindered(self, gateway: SegmentGateway, work: Work) -> tuple[Cause, str, str] | None:
        """Why whoever is no member cannot be invited."""
        return not_known(work) or role_gone(gateway, work)

    def intent(self, work: Work) -> str:
        return f"Give {work.person} back in {work.workspace} exactly what they held before"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        permissions = wanted(work)
        if account := sight.facts.get("account"):
            return Call(
                gateway.preview(protocol.replace_permissions(account, permissions)),
                lambda: gateway.replace_permissions(account, permissions),
                "Segment accepted exactly the permissions of before",
            )
        return Call(
            gateway.preview(protocol.invite(work.person, permissions)),
            lambda: gateway.invite(work.person, permissions),
            "Segment accepted the invitation",
        )


def ending(work: Work) -> datetime:
    return datetime.fromisoformat(work.target["until"])


def is_over(work: Work) -> bool:
    """What is given again for good has no end."""
    return "until" in work.target and clock.now() > ending(work) - LAST_CALL


def wanted(work: Work) -> list[Permission]:
    return [protocol.read_permission(each) for each in work.target["permissions"]]


def not_known(work: Work) -> tuple[Cause, str, str] | None:
    """An old look may not have kept a grant exactly; and nobody is a member without a role of their own."""
    if work.target["permissions"]:
        return None
    sentence = f"It is not known exactly which roles {work.person} held directly in {work.workspace}."
    return Cause.NOT_AS_BEFORE, sentence, REMEDIES[Cause.NOT_AS_BEFORE]


def role_gone(gateway: SegmentGateway, work: Work) -> tuple[Cause, str, str] | None:
    names: Mapping[str, str] = work.target["roles"]
    offered = {role.id for role in gateway.roles()}
    if not (gone := sorted(names[key] for key in names if key not in offered)):
        return None
    return blocked(f"{work.workspace} no longer has the role {', '.join(gone)}.")


def blocked(sentence: str) -> tuple[Cause, str, str]:
    return Cause.NOT_AS_BEFORE, sentence, REMEDIES[Cause.NOT_AS_BEFORE]


def more_than(given: Iterable[Permission], before: Iterable[Mapping[str, Any]]) -> bool:
    """True where `given` grants anything that `before` did not."""
    return not grants(each.as_input() for each in given) <= grants(before)
