"""Changes of somebody's access here that take two administrators: proposed by one, agreed to by another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding.directory import correcting, people
from offboarding.directory.grants import grants_of, in_words
from offboarding.directory.models import Proposal
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Act, Grant, Said, Scope, Standing, may_not_agree, within_reach
from offboarding.directory.two import reach, takes_two
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of

LONGEST = 500


def open_for(scope: Scope) -> list[Proposal]:
    """Those that this administrator proposed or decides on, oldest first. One query."""
    if not scope.has(Role.ADMINISTRATOR):
        return []
    found = Proposal.objects.filter(standing=Standing.PROPOSED).select_related("proposed_by", "person")
    return [each for each in found if each.proposed_by_id == scope.user_id or not may_not(scope, each)]


def waiting_for(scope: Scope) -> list[Proposal]:
    """Those that wait for this very person."""
    return [each for each in open_for(scope) if not may_not(scope, each)]


def proposal_for(scope: Scope, pk: int) -> Proposal | None:
    found = Proposal.objects.select_related("proposed_by", "person", "decided_by").filter(pk=pk).first()
    if found is None or not scope.has(Role.ADMINISTRATOR):
        return None
    sees = scope.user_id in (found.proposed_by_id, found.decided_by_id) or not may_not(scope, found)
    return found if sees else None


def may_not(scope: Scope, proposal: Proposal) -> str:
    return may_not_agree(scope, proposal.proposed_by_id, proposal.person_id, proposal.reach)


def propose(
    by: User, administers: Scope, user: User | None, said: Said, why: str, method: str, today: date
) -> Proposal:
    """Nothing changes before another administrator agrees. Raises Refused with the field."""
    said = check(administers, user, said, today)
    why = within(why, LONGEST, "reason")
    if not why:
        raise Refused("no-reason", "Say why: the second administrator reads it.", field="reason")
    if not takes_two(administers, user, said):
        raise Refused("takes-one", "This takes no second administrator any more. Do it again.")
    try:
        with transaction.atomic():
            made = Proposal.objects.create(
                act=said.act,
                person=user,
                email=said.email,
                name=said.name,
                grants=[each.as_json() for each in said.grants],
                before=before(administers, user, said),
                reach=sorted(reach(administers, user, said), key=lambda client: client or 0),
                why=why,
                proposed_by=by,
                proposed_method=method,
            )
            tell(Event.PERSON_PROPOSED, made, by, {"why": why, "method": method})
    except IntegrityError as error:
        raise Refused(
            "proposed-already",
            "A change of this person is proposed already. It is decided or withdrawn first.",
        ) from error
    return made


def check(administers: Scope, user: User | None, said: Said, today: date) -> Said:
    """As the act itself would. Gives what was said as it is kept."""
    if user is None:
        people.check_invitation(administers, said.email, said.name, said.grants, today)
        return Said(said.act, said.email.strip(), said.name.strip(), said.grants)
    if said.act is Act.CORRECT:
        return Said(said.act, *correcting.checked(administers, user, said.email, said.name))
    people.check_change(administers, user, said.grants, today)
    return Said(said.act, user.email, user.name, said.grants)


def before(administers: Scope, user: User | None, said: Said) -> list[Any]:
    """What the change was compared with: of another one, another change would come."""
    if user is None:
        return []
    if said.act is Act.CORRECT:
        return [user.email, user.name]
    return sorted(each.as_json() for each in within_reach(administers, grants_of(user)))


def agree(proposal: Proposal, by: User, scope: Scope, method: str, today: date) -> User:
    """The second administrator lets it happen, now and as it was proposed. Gives back the person."""
    with transaction.atomic():
        locked = still_open(proposal)
        guard(locked, scope)
        first = scope_of(locked.proposed_by, today)
        if not locked.proposed_by.is_active or not first.has(Role.ADMINISTRATOR):
            raise Refused(
                "proposer-gone",
                f"{locked.proposed_by.name}, who proposed this, is no administrator any more. Decline it.",
            )
        if locked.before != before(first, locked.person, locked.said):
            raise Refused(
                "moved-on",
                "What this person holds has changed meanwhile. Decline it, and have it proposed again.",
            )
        decided(locked, by, Standing.AGREED, decided_method=method)
        done = perform(locked, first, scope, today)
        tell(Event.PERSON_AGREED, locked, by, {"method": method})
    return done


def perform(proposal: Proposal, first: Scope, second: Scope, today: date) -> User:
    by, said, user = proposal.proposed_by, proposal.said, proposal.person
    if user is None:
        return people.invite(by, first, said.email, said.name, said.grants, today, second)
    if said.act is Act.CORRECT:
        correcting.correct(by, first, user, said.email, said.name, second)
    else:
        people.change(by, first, user, said.grants, today, second)
    return user


def decline(proposal: Proposal, by: User, scope: Scope, method: str, note: str) -> None:
    note = within(note, LONGEST, "note")
    if not note:
        raise Refused("no-note", "Say why you decline it.", field="note")
    with transaction.atomic():
        locked = still_open(proposal)
        guard(locked, scope)
        decided(locked, by, Standing.DECLINED, decided_method=method, note=note)
        tell(Event.PERSON_DECLINED, locked, by, {"note": note})


def withdraw(proposal: Proposal, by: User) -> None:
    with transaction.atomic():
        locked = still_open(proposal)
        if locked.proposed_by_id != by.pk:
            raise Refused("not-yours", "Only the person who proposed this withdraws it.")
        Proposal.objects.filter(pk=locked.pk).update(standing=Standing.WITHDRAWN, decided_at=Now())
        tell(Event.PERSON_WITHDRAWN, locked, by, {})


def still_open(proposal: Proposal) -> Proposal:
    """Locked: of two who decide at once, the second finds it decided."""
    found = Proposal.objects.select_for_update(of=("self",)).select_related("proposed_by", "person")
    locked = found.get(pk=proposal.pk)
    if locked.standing != Standing.PROPOSED:
        raise Refused("decided-meanwhile", f"This proposal is {locked.standing} already.")
    return locked


def guard(proposal: Proposal, scope: Scope) -> None:
    if why := may_not(scope, proposal):
        raise Refused("may-not-agree", why)


def decided(proposal: Proposal, by: User, standing: Standing, **more: Any) -> None:
    Proposal.objects.filter(pk=proposal.pk).update(standing=standing, decided_by=by, decided_at=Now(), **more)


def tell(event: Event, proposal: Proposal, by: User, facts: dict[str, Any]) -> None:
    grants: Sequence[Grant] = proposal.said.grants
    said = {"proposal": proposal.pk, "act": proposal.act, "roles": in_words(grants)}
    whose = {"user": proposal.person_id} if proposal.person_id else {}
    personal = {"name": proposal.name, "address": proposal.email}
    record(event, actor=actor_of(by), facts={**said, **whose, **facts}, personal=personal)
