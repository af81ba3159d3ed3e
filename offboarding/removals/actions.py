"""Drafting, filing, changing and withdrawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.connections.models import Workspace
from offboarding.connections.queries import ground_of
from offboarding.directory.queries import scope_of, scopes_of
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import APP, Actor, Event, record
from offboarding.lib.addresses import distinct, key, same, well_formed
from offboarding.lib.refusals import Refused, within
from offboarding.removals.adjusting import within as reason_within
from offboarding.removals.attaching import still_kept_for
from offboarding.removals.models import FIRST_NUMBER, Place, RemovalRequest
from offboarding.removals.queries import clients_of
from offboarding.removals.rules import (
    FARTHEST,
    FILED_FOR,
    FILING,
    STAGES,
    Choice,
    Stage,
    due_at,
    may_not_withdraw,
    refuses_choice,
    refuses_reason,
    refuses_stays,
    stages_after,
)
from offboarding.users.models import User
from offboarding.users.rules import actor_of


@dataclass(frozen=True, slots=True)
class Wish:
    """What the requester chose for one place."""

    workspace: Workspace
    choice: Choice
    until: date | None = None
    reason: str = ""
    taken: tuple[str, ...] = ()  # keys of what goes, where only some of it goes


def draft(user: User, addresses: Sequence[str], name: str, today: date) -> RemovalRequest:
    """A draft for the person with these addresses: a new one, or the one that this user has. Twice makes one."""
    wanted = checked_addresses(addresses)
    scope = scope_of(user, today)
    may_file(scope)
    not_about_self(scope, wanted)
    with transaction.atomic():
        # Two presses at once come one after the other. NO KEY: rows that name the user are still written beside.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        own = RemovalRequest.objects.filter(requester=user, stage=Stage.DRAFT, person=key(wanted))
        if begun := own.first():
            return begun
        removal = numbered(requester=user, addresses=wanted, person=key(wanted), person_name=name)
        record(
            Event.REMOVAL_DRAFTED,
            actor=actor_of(user),
            about=removal.reference,
            facts={"person": removal.person},
            personal={"addresses": ", ".join(wanted)},
        )
    return removal


def machine(removal: RemovalRequest, user: User, owner: str, consumers: str) -> None:
    """The draft is about a service account: who answers for it, and what runs with it. Both empty: it is a person's."""
    owner, consumers = within(owner, 200, "owner"), within(consumers, 2000, "consumers")
    if bool(owner) != bool(consumers):
        field, says = ("owner", "who answers for it") if not owner else ("consumers", "what runs with it")
        raise Refused("service-account-incomplete", f"Say {says}.", field=field)
    with transaction.atomic():
        locked = own_draft(removal, user)
        if (locked.machine, locked.owner, locked.consumers) == (bool(owner), owner, consumers):
            return
        RemovalRequest.objects.filter(pk=locked.pk).update(
            machine=bool(owner), owner=owner, consumers=consumers, version=locked.version + 1
        )
    removal.refresh_from_db()


def merge(removal: RemovalRequest, user: User, stays: str) -> None:
    """Which account of the person stays and takes over from the others. Empty: none does, and all of them go."""
    stays = stays.strip()
    with transaction.atomic():
        locked = own_draft(removal, user)
        if wrong := refuses_stays(stays, locked.addresses, locked.machine):
            raise Refused("bad-stays", wrong, field="stays")
        stays = next((each for each in locked.addresses if same(each, stays)), "")
        if locked.stays == stays:
            return
        RemovalRequest.objects.filter(pk=locked.pk).update(stays=stays, version=locked.version + 1)
    removal.refresh_from_db()


def readdress(removal: RemovalRequest, user: User, addresses: Sequence[str], name: str) -> RemovalRequest:
    """Other addresses of the same draft."""
    wanted = checked_addresses(addresses)
    not_about_self(scope_of(user, datetime.now(UTC).date()), wanted)
    with transaction.atomic():
        locked = own_draft(removal, user)
        RemovalRequest.objects.filter(pk=locked.pk).update(
            addresses=wanted, person=key(wanted), person_name=name, version=locked.version + 1
        )
    removal.refresh_from_db()
    return removal


def checked_addresses(addresses: Sequence[str]) -> list[str]:
    wanted = list(distinct(addresses))
    if not wanted or not all(well_formed(address) for address in wanted):
        raise Refused("bad-address", "Enter an e-mail address like name@company.com.")
    if len(wanted) > 10:
        raise Refused("too-many-addresses", "Enter at most 10 addresses of one person.")
    return wanted


def not_about_self(scope: Scope, addresses: Sequence[str]) -> None:
    if scope.is_one_of(addresses):
        raise Refused(
            "own-access", "This is your own address. Ask another lead or security to file it.", field="email"
        )


def may_file(scope: Scope) -> None:
    if not scope.has(*FILING):
        raise Refused("not-a-requester", "Only engagement leads, security and administrators file requests.")


def numbered(**fields: Any) -> RemovalRequest:
    """The next number. It is unique in the table; of two drafts at once, one takes the number after."""
    for _ in range(20):
        newest = RemovalRequest.objects.aggregate(newest=Max("number"))["newest"]
        try:
            with transaction.atomic():
                return RemovalRequest.objects.create(number=(newest or FIRST_NUMBER - 1) + 1, **fields)
        except IntegrityError:
            continue
    raise Refused("busy", "Too many requests begin at this moment. Try again.")


def choose(removal: RemovalRequest, user: User, wishes: Iterable[Wish], today: date) -> None:
    """Set what should happen in each place of a draft. Workspaces that are not named are not in the request."""
    chosen = list(wishes)
    check_wishes(chosen, scope_of(user, today), today, bool(removal.stays))
    with transaction.atomic():
        locked = own_draft(removal, user)
        write_places(locked, chosen)


def check_wishes(chosen: Sequence[Wish], scope: Scope, today: date, merging: bool = False) -> None:
    faults = {
        wish.workspace.pk: fault
        for wish in chosen
        if (
            fault := refuses_choice(
                wish.choice,
                wish.reason,
                wish.until is not None,
                bool(wish.until and wish.until <= today),
                bool(wish.until and wish.until - today > FARTHEST),
                bool(wish.taken),
                merging,
            )
        )
    }
    if faults:
        raise Refused("places-incomplete", "Some places need one more answer.", faults=faults)
    if not any(wish.choice is not Choice.KEEP for wish in chosen):
        raise Refused("nothing-to-do", "Choose at least one place where access is removed or made read-only.")
    if not scope.covers(ground_of({wish.workspace.pk for wish in chosen}), *FILING):
        raise Refused("foreign-place", "One of these workspaces is not yours to ask for.")
    still_connected(wish.workspace for wish in chosen)


def still_connected(workspaces: Iterable[Workspace]) -> None:
    if gone := ", ".join(each.name for each in workspaces if each.ended_at):
        raise Refused(
            "disconnected", f"Disconnected meanwhile, so nothing can be done there: {gone}. Leave it out."
        )


def write_places(removal: RemovalRequest, chosen: Sequence[Wish]) -> None:
    removal.places.all().delete()
    Place.objects.bulk_create(
        Place(
            removal=removal,
            workspace=wish.workspace,
            choice=wish.choice,
            until=wish.until,
            reason=wish.reason.strip(),
            taken=" ".join(sorted(set(wish.taken))) if wish.choice is Choice.REDUCE else "",
        )
        for wish in chosen
    )
    RemovalRequest.objects.filter(pk=removal.pk).update(version=removal.version + 1)


def describe(
    removal: RemovalRequest,
    user: User,
    *,
    reason: str,
    starts_at: datetime,
    time_zone: str,
    now: datetime,
    **fields: Any,
) -> None:
    """Why and when. `fields`: ticket, sow, handover, client_informed, notes."""
    if reason not in FILED_FOR:
        raise Refused("no-reason", "Choose a reason.", field="reason")
    if wrong := refuses_reason(reason, removal.stays):
        raise Refused("stays-or-not", wrong, field="reason")
    if not known_zone(time_zone):
        raise Refused("no-zone", "Choose a time zone from the list.", field="time_zone")
    if starts_at < now.replace(second=0, microsecond=0):
        raise Refused("in-the-past", "This time has passed. Choose now or a later time.", field="starts_at")
    if starts_at - now > FARTHEST:
        raise Refused("too-far", "Choose a time within the next ten years.", field="starts_at")
    with transaction.atomic():
        locked = own_draft(removal, user)
        RemovalRequest.objects.filter(pk=locked.pk).update(
            reason=reason,
            starts_at=starts_at,
            due_at=due_at(reason_within(reason), starts_at),
            time_zone=time_zone,
            version=locked.version + 1,
            **fields,
        )
    removal.refresh_from_db()


def known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def file(removal: RemovalRequest, user: User, version: int) -> None:
    """Send it on its way. Its plan is frozen by the checklist room in the same transaction, through `journey`."""
    locked = own_draft(removal, user)
    if locked.version != version:
        raise Refused("stale", "This request was changed in another window. Read it again, then send.")
    if not locked.reason or not locked.starts_at or not locked.places.exists():
        raise Refused("incomplete", "Answer the open questions first.")
    check_again(locked, user)
    still_kept_for(locked)
    # A start that passed while the draft lay there means: at once.
    starts_at = max(locked.starts_at, datetime.now(UTC))
    times = {"starts_at": starts_at, "due_at": due_at(reason_within(locked.reason), starts_at)}
    move(locked, Stage.PLANNED, actor_of(user), filed_at=Now(), **times)
    record(
        Event.REMOVAL_FILED,
        actor=actor_of(user),
        about=locked.reference,
        facts={"reason": locked.reason, "ticket": locked.ticket, "person": locked.person},
        personal={
            "name": locked.person_name,
            "addresses": ", ".join(locked.addresses),
            **({"stays": locked.stays} if locked.stays else {}),
        },
    )
    removal.refresh_from_db()


def check_again(locked: RemovalRequest, user: User) -> None:
    """A draft may have rested for weeks: roles end, and so do dates."""
    today = datetime.now(UTC).date()
    stays = refuses_stays(locked.stays, locked.addresses, locked.machine)
    if wrong := stays or refuses_reason(locked.reason, locked.stays):
        raise Refused("stays-or-not", wrong, field="stays" if stays else "reason")
    places = locked.places.select_related("workspace")
    wishes = [
        Wish(each.workspace, Choice(each.choice), each.until, each.reason, tuple(each.taken.split()))
        for each in places
    ]
    scope = scope_of(user, today)
    not_about_self(scope, locked.addresses)
    check_wishes(wishes, scope, today, bool(locked.stays))


def change_places(
    removal: RemovalRequest, user: User, wishes: Iterable[Wish], version: int, today: date
) -> None:
    """Change what should happen after filing. Call inside the transaction that freezes the next plan version."""
    chosen = list(wishes)
    check_wishes(chosen, scope_of(user, today), today, bool(removal.stays))
    locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
    if locked.requester_id != user.pk:
        raise Refused("not-yours", "Only the person who filed this request changes it.")
    if locked.restores_id:
        raise Refused("restoration", "A restoration is not changed. Withdraw it and ask for another one.")
    if locked.version != version:
        raise Refused("stale", "This request was changed in another window. Read it again, then change it.")
    if locked.stage not in (Stage.PLANNED, Stage.APPROVED, Stage.EXPIRED):
        raise Refused("too-late", "The work has begun. File another request for what is missing.")
    write_places(locked, chosen)
    if locked.stage in (Stage.APPROVED, Stage.EXPIRED):
        move(locked, Stage.PLANNED, actor_of(user), approved_at=None)
    record(
        Event.REMOVAL_CHANGED, actor=actor_of(user), about=locked.reference, facts={"version": version + 1}
    )
    removal.refresh_from_db()


def ask_again(removal: RemovalRequest, user: User) -> None:
    """After nobody decided in time. Call inside the transaction that freezes the next plan version."""
    locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
    if locked.requester_id != user.pk:
        raise Refused("not-yours", "Only the person who filed this request asks again.")
    if locked.stage != Stage.EXPIRED:
        raise Refused(
            "not-expired", f"{locked.reference} is {locked.stage}, so there is nothing to ask again."
        )
    if locked.restores_id:
        still_restores(locked, user)
    else:
        check_again(locked, user)
    RemovalRequest.objects.filter(pk=locked.pk).update(version=locked.version + 1)
    move(locked, Stage.PLANNED, actor_of(user))
    removal.refresh_from_db()


def still_restores(locked: RemovalRequest, user: User) -> None:
    """Its end may have passed while nobody decided, and so may the role of the person who asks."""
    now = datetime.now(UTC)
    if locked.due_at and locked.due_at <= now:
        raise Refused(
            "ended", "The time that access was asked back for has passed. Ask for another restoration."
        )
    if not scope_of(user, now.date()).covers(clients_of(locked), *FILING):
        raise Refused("foreign-place", "One of these workspaces is not yours to ask for.")


def withdraw(removal: RemovalRequest, user: User, reason: str) -> None:
    reason = within(reason, 2000, "reason")
    with transaction.atomic():
        locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
        if why := refuses_withdrawal(locked, user):
            raise Refused("not-yours", why)
        if locked.stage == Stage.WITHDRAWN:
            raise Refused("withdrawn-already", f"{locked.reference} is withdrawn already.")
        if Stage.WITHDRAWN not in STAGES[Stage(locked.stage)]:
            raise Refused("too-late", "The work has begun, so this request can no longer be withdrawn.")
        if locked.stage != Stage.DRAFT and not reason:
            raise Refused("no-reason", "Say why you withdraw it.", field="reason")
        move(locked, Stage.WITHDRAWN, actor_of(user))
        record(
            Event.REMOVAL_WITHDRAWN,
            actor=actor_of(user),
            about=locked.reference,
            facts={"reason": reason},
        )
    removal.refresh_from_db()


def refuses_withdrawal(removal: RemovalRequest, user: User) -> str:
    """Why this person may not withdraw it, in a sentence; empty if they may. A draft is its author's alone."""
    if removal.filed_at is None:
        return "" if removal.requester_id == user.pk else "Only the person who began this draft ends it."
    scopes = scopes_of([user, removal.requester], datetime.now(UTC).date())
    return may_not_withdraw(scopes[user.pk], scopes[removal.requester_id], clients_of(removal))


def own_draft(removal: RemovalRequest, user: User) -> RemovalRequest:
    locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
    if locked.requester_id != user.pk:
        raise Refused("not-yours", "Only the person who began this draft changes it.")
    if locked.stage != Stage.DRAFT:
        raise Refused("already-filed", f"{locked.reference} was sent already.")
    return locked


def move(locked: RemovalRequest, stage: Stage, actor: Actor = APP, **fields: Any) -> None:
    """The one function that moves a stage. The caller holds the row's lock."""
    here = Stage(locked.stage)
    if stage not in stages_after(here, locked.emergency):
        raise Refused(
            "wrong-stage", f"{locked.reference} is {here.value}, so it cannot become {stage.value}."
        )
    RemovalRequest.objects.filter(pk=locked.pk).update(stage=stage.value, **fields)
    locked.stage = stage.value
    transaction.on_commit(pulse.wake)
    record(
        Event.REMOVAL_MOVED,
        actor=actor,
        about=locked.reference,
        facts={"from": here.value, "to": stage.value},
    )
