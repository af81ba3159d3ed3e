"""Which changes of somebody's access here take two administrators.

One alone could let in a second account of their own, or move somebody's address to theirs, and approve as that person what
they filed themself. Whoever is the only administrator that there ever was has nobody to ask, and acts alone; whoever made
others go has not become the only one by that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from offboarding.directory.grants import differ, grants_of
from offboarding.directory.models import Engagement, Membership
from offboarding.directory.rules import (
    EVERYWHERE,
    Act,
    Grant,
    Said,
    Scope,
    may_not_agree,
    within_reach,
)
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import DECIDES, Role


def takes_two(administers: Scope, user: User | None, said: Said) -> bool:
    """`user` is None for somebody who is to be invited. At most three queries."""
    weighty = {grant.client for grant in gives_a_say(user, said, held_by(user))}
    return bool(weighty) and others(administers.user_id, weighty)


def held_by(user: User | None) -> tuple[Grant, ...]:
    return grants_of(user) if user else ()


def gives_a_say(user: User | None, said: Said, held: Iterable[Grant]) -> list[Grant]:
    """What somebody decides by who did not; of who decides and shall sign in at another address, all that they hold."""
    before = list(held)
    if said.act is Act.CORRECT:
        moved = user is not None and said.email != user.email
        return before if moved and any(each.role in DECIDES for each in before) else []
    return [
        each
        for each in said.grants
        if each.role in DECIDES and not any(each.gives_no_more_than(old) for old in before)
    ]


def reach(administers: Scope, user: User | None, said: Said) -> set[int | None]:
    """The clients that the second administrator has to administer; None for all: nobody reads here of others."""
    held = within_reach(administers, held_by(user))
    gained, lost = differ(held, said.grants)
    return {grant.client for grant in (held if said.act is Act.CORRECT else (*gained, *lost))}


def others(by: int, clients: set[int | None]) -> bool:
    """Whether anybody else administers all of these, or has administered anything and lost it."""
    found: dict[int, set[int | None]] = defaultdict(set)
    rows = Membership.objects.filter(role=Role.ADMINISTRATOR.value).exclude(user_id=by)
    for user, client in rows.values_list("user", "client"):
        found[user].add(client)
    if any(EVERYWHERE in held or clients <= held for held in found.values()):
        return True
    return User.objects.filter(administered=True).exclude(pk=by).exists()


def must_be_two(administers: Scope, user: User | None, said: Said, second: Scope | None) -> None:
    """Raises Refused where it takes two and nobody, or the wrong person, has agreed."""
    if second is None:
        if takes_two(administers, user, said):
            raise Refused(
                "two-administrators", "This takes two administrators: propose it, and another one agrees."
            )
        return
    person, clients = user.pk if user else None, reach(administers, user, said)
    if why := may_not_agree(second, administers.user_id, person, clients):
        raise Refused("may-not-agree", why)


def must_not_grow_alone(by: User, engagement: Engagement) -> None:
    """Before an engagement reaches further, or goes on again: who approves within it would decide there from then on.

    Raises Refused if somebody does, and somebody else administers the client.
    """
    within = Membership.objects.filter(engagement=engagement, role__in=[role.value for role in DECIDES])
    names = sorted(set(within.exclude(user__is_active=False).values_list("user__name", flat=True)))
    if names and others(by.pk, {engagement.client_id}):
        who = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
        raise Refused(
            "two-administrators",
            f"Within {engagement.name} approve: {who}. They would decide on more by this, which takes two administrators. Take"
            " these roles away, change it, and propose the roles again.",
        )


def agreed_by(second: Scope | None) -> dict[str, Any]:
    """For the record."""
    return {"agreed_by": second.user_id} if second else {}
