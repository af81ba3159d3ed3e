from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from offboarding.discovery.read import held
from offboarding.discovery.rules import MEMBER_ONLY, READ_ONLY, READ_SOURCES, Held, Outcome
from offboarding.execution import queries
from offboarding.execution.models import Run
from offboarding.execution.rules import Cause, Seen, Sight, Work
from offboarding.execution.steps import Call, Step, accounts
from offboarding.gateways.segment import Permission, Resource, Role, SegmentGateway, protocol

MORE_REMEDY = (
    "Somebody changed the access after the approval. Take the added role away in Segment and try again; or do it by hand with "
    "proof; or skip this and file a new request that covers it."
)


class Downgrade(Step):
    """Only read-only roles left. What they may read is narrowed to what they had; groups are left in steps of their own.

    Roles that were added after the approval stop it: replacing them was nobody's decision.
    """

    def recall(self, run: Run) -> Mapping[str, Any]:
        return {"approved": approved_roles(run)}

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        found = accounts.present(gateway, work)
        each = {member.id: gateway.member(member.id)[1] for member in found}
        if not each:
            return Sight(Seen.ABSENT, f"no longer a member of {work.workspace} at all")
        names = sorted({permission.role_name for own in each.values() for permission in own})
        if set(names) <= READ_ONLY:
            return Sight(Seen.ABSENT, f"read-only in {work.workspace}: {', '.join(names)}", {"roles": names})
        return Sight(
            Seen.PRESENT,
            f"still has {', '.join(names)}",
            {"accounts": sorted(key for key, own in each.items() if not harmless(own)), "roles": names},
            offered(gateway)
            or more_than_approved(each, work)
            or accounts.last_owner(gateway, work, found[0]),
        )

    def intent(self, work: Work) -> str:
        return f"Replace the permissions of {work.person} in {work.workspace} by read-only ones"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        roles = {role.name: role for role in gateway.roles()}
        account = sight.facts["accounts"][0]
        _, permissions = gateway.member(account)
        permission = replacement(roles, permissions, gateway.workspace().id)
        return Call(
            gateway.preview(protocol.replace_permissions(account, [permission])),
            lambda: gateway.replace_permissions(account, [permission]),
            f"Segment accepted {permission.role_name} in place of all other permissions",
        )


def approved_roles(run: Run) -> tuple[Held, ...] | None:
    """What the approver was shown, through groups too; None where the place could not be read then."""
    seen = queries.sighting_before(run)
    return seen.roles if seen and seen.outcome is Outcome.MEMBER else None


def more_than_approved(
    permissions: Mapping[str, Sequence[Permission]], work: Work
) -> tuple[Cause, str, str] | None:
    """Other access than the one that was decided on. Less than approved, or only reading, is no reason to stop."""
    approved = work.known["approved"]
    now = [held(each) for every in permissions.values() for each in every if each.role_name not in READ_ONLY]
    more = [role for role in now if approved is not None and not any(covers(each, role) for each in approved)]
    if not more:
        return None
    names = ", ".join(sorted({role.says() for role in more}))
    return (
        Cause.DOUBT,
        f"{work.person} has other access to {work.workspace} than was approved: {names}.",
        MORE_REMEDY,
    )


def covers(approved: Held, now: Held) -> bool:
    """True if a role is no more than the approved one: on no other resources, and under no fewer labels."""
    if approved.role_id != now.role_id:
        return False
    whole = any(kind == "WORKSPACE" for kind, _key in approved.resources)
    if approved.labels:
        return bool(now.labels) and set(now.labels) <= set(approved.labels)
    return whole or set(now.resources) <= set(approved.resources)


def harmless(own: Sequence[Permission]) -> bool:
    return {permission.role_name for permission in own} <= READ_ONLY


def offered(gateway: SegmentGateway) -> tuple[Cause, str, str] | None:
    """Free and Team plans have no read-only role that could be granted."""
    if any(role.name in READ_ONLY for role in gateway.roles()):
        return None
    sentence = "This workspace's plan has no read-only role."
    return (
        Cause.NO_SUCH_FEATURE,
        sentence,
        "Removal is the only way here. Skip this with a reason and file a removal.",
    )


def replacement(roles: dict[str, Role], own: Sequence[Permission], workspace_id: str) -> Permission:
    """Reading sources stays for those who had sources, on the same ones; everybody else keeps bare membership."""
    sources = tuple(
        resource
        for permission in own
        if permission.role_name.startswith("Source")
        for resource in permission.resources
    )
    if sources and READ_SOURCES in roles:
        role = roles[READ_SOURCES]
        return Permission(role_id=role.id, role_name=role.name, resources=tuple(dict.fromkeys(sources)))
    role = roles.get(MEMBER_ONLY) or roles[READ_SOURCES]
    whole = (Resource(id=workspace_id, type="WORKSPACE", labels=()),)
    return Permission(role_id=role.id, role_name=role.name, resources=whole)
