from __future__ import annotations

from collections.abc import Sequence

from offboarding.discovery.rules import MEMBER_ONLY, READ_ONLY, READ_SOURCES
from offboarding.execution.rules import Cause, Seen, Sight, Work
from offboarding.execution.steps import Call, Step, accounts
from offboarding.gateways.segment import Permission, Resource, Role, SegmentGateway, protocol


class Downgrade(Step):
    """Only read-only roles left. What they may read is narrowed to what they had; groups are left in steps of their own."""

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        held = {member.id: gateway.member(member.id)[1] for member in accounts.present(gateway, work)}
        if not held:
            return Sight(Seen.ABSENT, f"no longer a member of {work.workspace} at all")
        names = sorted({permission.role_name for each in held.values() for permission in each})
        if set(names) <= READ_ONLY:
            return Sight(Seen.ABSENT, f"read-only in {work.workspace}: {', '.join(names)}", {"roles": names})
        return Sight(
            Seen.PRESENT,
            f"still has {', '.join(names)}",
            {"accounts": sorted(key for key, each in held.items() if not harmless(each)), "roles": names},
            offered(gateway),
        )

    def intent(self, work: Work) -> str:
        return f"Replace the permissions of {work.person} in {work.workspace} by read-only ones"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        roles = {role.name: role for role in gateway.roles()}
        account = sight.facts["accounts"][0]
        _, held = gateway.member(account)
        permission = replacement(roles, held, gateway.workspace().id)
        return Call(
            gateway.preview(protocol.replace_permissions(account, [permission])),
            lambda: gateway.replace_permissions(account, [permission]),
            f"Segment accepted {permission.role_name} in place of all other permissions",
        )


def harmless(held: Sequence[Permission]) -> bool:
    return {permission.role_name for permission in held} <= READ_ONLY


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


def replacement(roles: dict[str, Role], held: Sequence[Permission], workspace_id: str) -> Permission:
    """Reading sources stays for those who had sources, on the same ones; everybody else keeps bare membership."""
    sources = tuple(
        resource
        for permission in held
        if permission.role_name.startswith("Source")
        for resource in permission.resources
    )
    if sources and READ_SOURCES in roles:
        role = roles[READ_SOURCES]
        return Permission(role_id=role.id, role_name=role.name, resources=tuple(dict.fromkeys(sources)))
    role = roles.get(MEMBER_ONLY) or roles[READ_SOURCES]
    whole = (Resource(id=workspace_id, type="WORKSPACE", labels=()),)
    return Permission(role_id=role.id, role_name=role.name, resources=whole)
