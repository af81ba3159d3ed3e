from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from offboarding.discovery.holdings import Holding, holding, parts_of, words
from offboarding.discovery.rules import MEMBER_ONLY, Grant
from offboarding.execution.rules import Cause, Seen, Sight, Work
from offboarding.execution.steps import Call, Step, accounts
from offboarding.gateways.segment import Permission, Resource, SegmentGateway, protocol


class Reduce(Step):
    """The planned roles of one account are gone; every other one stays as it is at that moment.

    Segment replaces all permissions in one call, so they are read once more right before it: what somebody added since
    the plan was made is written back, and what somebody took is not.
    """

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        found = accounts.present(gateway, work)
        if not found:
            return Sight(Seen.ABSENT, f"no longer a member of {work.workspace} at all")
        member, permissions = gateway.member(found[0].id)
        lost, held = planned(work, "lost"), set(granted(permissions))
        left = [each for each in lost if each.grant in held]
        names = sorted({each.role_name for each in permissions})
        if not left:
            return Sight(Seen.ABSENT, f"without {words(lost)} in {work.workspace}", {"roles": names})
        facts = {"account": member.id, "roles": names, "left": [each.says() for each in left]}
        owner = any(each.owner for each in left)
        blocked = bare_is_missing(gateway, permissions, work) or (
            accounts.last_owner(gateway, work, member) if owner else None
        )
        return Sight(Seen.PRESENT, f"still has {words(left)}{changed(permissions, work)}", facts, blocked)

    def intent(self, work: Work) -> str:
        return f"Take {words(planned(work, 'lost'))} from {work.person} in {work.workspace}"[:500]

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        account = str(sight.facts["account"])
        _, permissions = gateway.member(account)
        stays = list(left_over(permissions, work)) or [bare(gateway)]
        return Call(
            gateway.preview(protocol.replace_permissions(account, stays)),
            lambda: gateway.replace_permissions(account, stays),
            "Segment accepted the permissions without what goes",
        )


def planned(work: Work, part: str) -> list[Holding]:
    return [holding(each) for each in work.target[part]]


def granted(permissions: Iterable[Permission]) -> Iterator[Grant]:
    return (grant for each in permissions for grant in parts_of(each.as_input()))


def left_over(permissions: Sequence[Permission], work: Work) -> Iterator[Permission]:
    """The permissions as they are now, without what the plan takes."""
    lost = {each.grant for each in planned(work, "lost")}
    for each in permissions:
        if each.as_came or not each.resources:
            if not lost.issuperset(granted([each])):
                yield each
            continue
        stays = tuple(
            one for one in each.resources if not lost.issuperset(granted([replace(each, resources=(one,))]))
        )
        if stays:
            yield replace(each, resources=stays)


def changed(permissions: Sequence[Permission], work: Work) -> str:
    """What somebody added since the plan was made, in words. It stays: nobody decided to take it."""
    known = {each.grant for part in ("lost", "kept") for each in planned(work, part)}
    added = sorted({each.role_name for each in permissions if not known.issuperset(granted([each]))})
    return f"; {', '.join(added)} was added since the plan was made, and stays" if added else ""


def bare_is_missing(
    gateway: SegmentGateway, permissions: Sequence[Permission], work: Work
) -> tuple[Cause, str, str] | None:
    """Where no role is left, bare membership is; what an empty list does is not documented (Public API)."""
    if list(left_over(permissions, work)) or any(role.name == MEMBER_ONLY for role in gateway.roles()):
        return None
    sentence = (
        f"{work.person} would be left without any role, and this workspace's plan has no {MEMBER_ONLY}."
    )
    return Cause.NO_SUCH_FEATURE, sentence, "Skip this with a reason and file a removal."


def bare(gateway: SegmentGateway) -> Permission:
    role = next(role for role in gateway.roles() if role.name == MEMBER_ONLY)
    return Permission(role.id, role.name, (Resource(id=gateway.workspace().id, type="WORKSPACE", labels=()),))
