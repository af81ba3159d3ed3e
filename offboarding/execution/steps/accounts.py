"""Finding the person's accounts, freshly. Shared by the steps that remove, downgrade and leave groups."""

from __future__ import annotations

from offboarding.discovery.read import look_for, read_account
from offboarding.discovery.rules import Owners
from offboarding.execution.rules import REMEDIES, Cause, Work
from offboarding.gateways.segment import Member, NotThere, SegmentGateway
from offboarding.lib.addresses import fold


def present(gateway: SegmentGateway, work: Work) -> list[Member]:
    """The accounts that are members now. A 404 alone proves nothing: absence is confirmed by the whole list."""
    known = [member for key, _ in work.accounts if (member := read(gateway, key))]
    if known and len(known) == len(work.accounts):
        return known
    ids, wanted = work.identities
    return [member for member in gateway.members() if member.id in ids or fold(member.email) in wanted]


def read(gateway: SegmentGateway, key: str) -> Member | None:
    try:
        member, _ = gateway.member(key)
    except NotThere:
        return None
    return member


def is_owner(gateway: SegmentGateway, member: Member) -> bool:
    """At this moment, through a group too."""
    account = read_account(gateway, member)
    return account is not None and any(role.owner for role in account.roles)


def last_owner(gateway: SegmentGateway, work: Work, member: Member) -> tuple[Cause, str, str] | None:
    """The last Owner cannot go. Looked at freshly: ownership may have changed since the plan was made."""
    return only_owner(gateway, work, member) if is_owner(gateway, member) else None


def only_owner(gateway: SegmentGateway, work: Work, member: Member) -> tuple[Cause, str, str] | None:
    if look_for(gateway, [member.email]).owners is not Owners.LAST:
        return None
    sentence = f"{work.person} is the only Owner of {work.workspace}."
    return Cause.LAST_OWNER, sentence, REMEDIES[Cause.LAST_OWNER]
