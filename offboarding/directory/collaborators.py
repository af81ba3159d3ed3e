"""Whose access we look after: names, addresses, engagements; and two who turn out to be one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Lower, Now

from offboarding.directory.changes import (
    LEADS,
    differences,
    held,
    may,
    may_take_on,
    noted,
    nothing_changed,
    reference,
    write,
)
from offboarding.directory.models import Address, Client, Collaborator, Engagement
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import Event
from offboarding.lib.addresses import distinct, fold, same, well_formed
from offboarding.lib.refusals import Refused, within
from offboarding.users.models import User
from offboarding.users.rules import Role

MOST = 10  # addresses of one person: a request searches for no more


@dataclass(frozen=True, slots=True)
class Said:
    name: str
    kind: str = Collaborator.Kind.PERSON


def add(
    by: User,
    scope: Scope,
    client: Client,
    said: Said,
    emails: Iterable[str],
    engagement: Engagement | None = None,
) -> Collaborator:
    """Somebody whom this client knows from now on, by at least one address."""
    may(scope, client, *LEADS)
    wanted, addresses = checked(said), list(distinct(emails))
    with transaction.atomic():
        made = new(by, client, wanted, addresses)
        if engagement:
            onto(by, made, engagement)
    return made


def new(by: User, client: Client, wanted: Said, addresses: Sequence[str]) -> Collaborator:
    if not addresses:
        raise Refused("bad-address", "Enter an e-mail address like name@company.com.", field="email")
    # Two who add the same address at once come one after the other.
    if Client.objects.select_for_update().get(pk=client.pk).ended_at:
        raise Refused("client-ended", f"{client.name} has ended. Open it again first.")
    for email in addresses:
        check_address(by, client, email)
    made = Collaborator.objects.create(client=client, name=wanted.name, kind=wanted.kind)
    Address.objects.bulk_create(Address(collaborator=made, email=email) for email in addresses)
    noted(
        Event.COLLABORATOR_ADDED,
        by,
        made,
        {"client": client.name, "kind": made.kind, "count": len(addresses)},
        {"name": made.name, "addresses": ", ".join(addresses)},
    )
    return made


def take_on(
    by: User, scope: Scope, engagement: Engagement, said: Said, emails: Iterable[str]
) -> Collaborator:
    """Onto the roster of the one engagement that somebody leads within, who does not see the client's other people.

    Whom the client knows by the first address already is that person, as they stand there; else they are new.
    """
    may_take_on(scope, engagement)
    wanted, addresses, client = checked(said), list(distinct(emails)), engagement.client
    with transaction.atomic():
        Client.objects.select_for_update().get(pk=client.pk)
        known = owner_of(client, addresses[0]) if addresses else None
        if known is None:
            made = new(by, client, wanted, addresses)
        else:
            made = Collaborator.objects.select_for_update().get(pk=known.collaborator_id)
            if scope.is_one_of(each.email for each in made.addresses.filter(retired_at=None)):
                raise own_access()
            write(made)
        onto(by, made, engagement)
    return made


def change(by: User, scope: Scope, person: Collaborator, said: Said, version: int) -> None:
    may(scope, person, *LEADS)
    wanted = checked(said)
    with transaction.atomic():
        locked = held(person, version)
        fields = {"name": wanted.name, "kind": wanted.kind}
        if not (changed := differences(locked, fields)):
            raise nothing_changed()
        write(locked, **fields)
        # A name is personal: it stands beside the chain, not in it.
        kinds = {name: each for name, each in changed.items() if name != "name"}
        facts = {"client": locked.client.name, "changed": kinds, "renamed": "name" in changed}
        noted(
            Event.COLLABORATOR_CHANGED, by, locked, facts, {"name": wanted.name, "name before": locked.name}
        )


def add_address(by: User, scope: Scope, person: Collaborator, email: str, kind: str) -> None:
    may(scope, person, *LEADS)
    if kind not in Address.Kind.values:
        raise Refused("no-kind", "Choose what kind of address it is.", field="kind")
    email = email.strip()
    with transaction.atomic():
        Client.objects.select_for_update().get(pk=person.client_id)
        locked = Collaborator.objects.select_for_update().get(pk=person.pk)
        check_address(by, locked.client, email, locked)
        if locked.addresses.filter(retired_at=None).count() >= MOST:
            raise Refused("too-many-addresses", f"One person has at most {MOST} addresses.", field="email")
        # One that was retired comes back rather than standing here twice.
        Address.objects.annotate(folded=Lower("email")).filter(
            collaborator=locked, folded=fold(email)
        ).delete()
        Address.objects.create(collaborator=locked, email=email, kind=kind)
        write(locked)
        noted(
            Event.ADDRESS_ADDED, by, locked, {"client": locked.client.name, "kind": kind}, {"address": email}
        )


def retire_address(by: User, scope: Scope, person: Collaborator, address: Address) -> None:
    """It is not theirs any more. Requests that name it already go on with it."""
    may(scope, person, *LEADS)
    with transaction.atomic():
        locked = Collaborator.objects.select_for_update().get(pk=person.pk)
        if locked.addresses.filter(retired_at=None).exclude(pk=address.pk).count() < 1:
            raise Refused("last-address", "This is the only address. Add another one first.")
        if not locked.addresses.filter(pk=address.pk, retired_at=None).update(retired_at=Now()):
            raise Refused("retired-already", f"{address.email} is retired already.")
        write(locked)
        noted(Event.ADDRESS_RETIRED, by, locked, {"client": locked.client.name}, {"address": address.email})


def take_back(by: User, scope: Scope, person: Collaborator, address: Address) -> None:
    """A retired address is theirs again."""
    may(scope, person, *LEADS)
    with transaction.atomic():
        Client.objects.select_for_update().get(pk=person.client_id)
        locked = Collaborator.objects.select_for_update().get(pk=person.pk)
        check_address(by, locked.client, address.email)
        if not locked.addresses.filter(pk=address.pk).update(retired_at=None):
            raise Refused("no-address", "This address is not there any more.")
        write(locked)
        noted(Event.ADDRESS_BACK, by, locked, {"client": locked.client.name}, {"address": address.email})


def join(by: User, scope: Scope, person: Collaborator, engagement: Engagement) -> None:
    may_take_on(scope, engagement)
    with transaction.atomic():
        locked = Collaborator.objects.select_for_update().get(pk=person.pk)
        onto(by, locked, engagement)
        write(locked)


def onto(by: User, person: Collaborator, engagement: Engagement) -> None:
    if engagement.client_id != person.client_id:
        raise Refused("other-client", f"{person.name} and this engagement belong to different clients.")
    if engagement.ended_at:
        raise Refused("engagement-ended", f"{engagement.name} has ended, so nobody joins it.")
    if person.engagements.filter(pk=engagement.pk).exists():
        raise Refused("on-roster", f"{person.name} is on {engagement.name} already.")
    person.engagements.add(engagement)
    noted_on_both(Event.JOINED_ROSTER, by, person, engagement)


def leave(by: User, scope: Scope, person: Collaborator, engagement: Engagement) -> None:
    """Off the roster. It takes no access away, and nobody is reminded of them at its end."""
    may_take_on(scope, engagement)
    with transaction.atomic():
        locked = Collaborator.objects.select_for_update().get(pk=person.pk)
        if not locked.engagements.filter(pk=engagement.pk).exists():
            raise Refused("not-on-roster", f"{locked.name} is not on {engagement.name}.")
        locked.engagements.remove(engagement)
        write(locked)
        noted_on_both(Event.LEFT_ROSTER, by, locked, engagement)


def noted_on_both(event: Event, by: User, person: Collaborator, engagement: Engagement) -> None:
    """One entry, found from the engagement; the person is in its facts."""
    facts = {"engagement": engagement.name, "client": engagement.client.name, "person": reference(person)}
    noted(event, by, engagement, facts, {"name": person.name})


def merge(by: User, scope: Scope, kept: Collaborator, gone: Collaborator, versions: tuple[int, int]) -> None:
    """`gone` turns out to be `kept`: addresses and engagements move there. It cannot be undone.

    Call where open requests were asked for. Requests, plans and snapshots name addresses and stay as they are.
    """
    may(scope, kept, Role.ADMINISTRATOR)
    if wrong := may_not_merge(kept, gone):
        raise Refused("not-mergeable", wrong)
    with transaction.atomic():
        first, second = sorted(
            ((kept, versions[0]), (gone, versions[1])), key=lambda pair: pair[0].pk
        )  # always in the same order, so that two who merge at once do not wait for each other
        held(*first), held(*second)
        if wrong := may_not_merge(Collaborator.objects.get(pk=kept.pk), Collaborator.objects.get(pk=gone.pk)):
            raise Refused("not-mergeable", wrong)
        moved = move_addresses(kept, gone)
        joined = list(gone.engagements.exclude(pk__in=kept.engagements.values("pk")))
        kept.engagements.add(*joined)
        gone.engagements.clear()
        Collaborator.objects.filter(merged_into=gone).update(merged_into=kept)
        write(gone, merged_into=kept)
        write(kept)
        facts = {
            "client": kept.client.name,
            "other": reference(gone),
            "moved": len(moved),
            "engagements": [each.name for each in joined],
        }
        personal = {"name": kept.name, "gone": gone.name, "addresses": ", ".join(moved) or "none"}
        noted(Event.COLLABORATORS_MERGED, by, kept, facts, personal)


def may_not_merge(kept: Collaborator, gone: Collaborator) -> str:
    """Why these two cannot become one, in a sentence; empty if they can."""
    if kept.pk == gone.pk:
        return "Choose somebody else: nobody is merged with themself."
    if kept.client_id != gone.client_id:
        return "They belong to different clients, and what one client knows is never told to another."
    if kept.kind != gone.kind:
        return "One is a person and the other a service account. Correct the kind of one of them first."
    if kept.merged_into_id or gone.merged_into_id:
        return "One of the two was merged already."
    return ""


def move_addresses(kept: Collaborator, gone: Collaborator) -> list[str]:
    """Those that `kept` does not have yet, or has retired while `gone` still uses them."""
    has = {fold(each.email): each for each in kept.addresses.all()}
    again = [has[name] for each in gone.addresses.all() if (name := fold(each.email)) in has
             and has[name].retired_at and not each.retired_at]  # fmt: skip
    moving = [each for each in gone.addresses.all() if has.get(fold(each.email)) in (None, *again)]
    if kept.addresses.filter(retired_at=None).count() + sum(not each.retired_at for each in moving) > MOST:
        raise Refused(
            "too-many-addresses",
            f"Together they have more than {MOST} addresses. Retire those that are wrong first.",
        )
    kept.addresses.filter(pk__in=[each.pk for each in again]).delete()
    gone.addresses.exclude(pk__in=[each.pk for each in moving]).delete()
    Address.objects.filter(pk__in=[each.pk for each in moving]).update(collaborator=kept)
    return [each.email for each in moving]


def checked(said: Said) -> Said:
    name = within(said.name, 120, "name")
    if not name:
        raise Refused("no-name", "Enter the name.", field="name")
    if said.kind not in Collaborator.Kind.values:
        raise Refused("no-kind", "Choose whether it is a person or a service account.", field="kind")
    return Said(name, said.kind)


def owner_of(client: Client, email: str) -> Address | None:
    """This address, as the client knows it as somebody's."""
    found = Address.objects.annotate(folded=Lower("email")).filter(
        folded=fold(email), retired_at=None, collaborator__client=client, collaborator__merged_into=None
    )
    return found.select_related("collaborator").first()


def own_access() -> Refused:
    return Refused("own-access", "This is your own address, so somebody else adds it.", field="email")


def check_address(by: User, client: Client, email: str, person: Collaborator | None = None) -> None:
    """Call with the client's row locked. Raises Refused if it is none, somebody's already, or one's own."""
    if not well_formed(email):
        raise Refused("bad-address", "Enter an e-mail address like name@company.com.", field="email")
    if any(same(each, email) for each in by.addresses):
        raise own_access()
    if (other := owner_of(client, email)) is None:
        return
    if person and other.collaborator_id == person.pk:
        raise Refused("known-address", f"{email} stands here already.", field="email")
    raise Refused(
        "known-address",
        f"{email} belongs to {other.collaborator.name} already. If they are the same, an administrator merges them.",
        field="email",
        person=other.collaborator_id,
    )
