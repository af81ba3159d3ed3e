"""Releasing without an approval, letting keys go with a second press, and looking at it afterwards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.checklist.models import Plan
from offboarding.connections.models import Workspace
from offboarding.discovery.rules import Outcome
from offboarding.emergencies import queries
from offboarding.emergencies.models import Ask, Brake, Emergency, Hold, Review, Turn
from offboarding.emergencies.rules import (
    ASK_LASTS,
    Because,
    Verdict,
    Volume,
    may_not_release,
    remind_at,
    too_much,
)
from offboarding.ledger.actions import APP, Event, record
from offboarding.ledger.rules import iso
from offboarding.lib.addresses import fold, key
from offboarding.lib.canonical import digest
from offboarding.lib.refusals import Refused, within
from offboarding.removals.actions import checked_addresses
from offboarding.removals.adjusting import value
from offboarding.removals.catalogue import EMERGENCY, REMINDERS, REVIEW_HOURS, REVIEW_REMINDER
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of
from offboarding.removals.urgent import Urgent
from offboarding.removals.urgent import check as check_said
from offboarding.users.models import User
from offboarding.users.rules import actor_of


@dataclass(frozen=True, slots=True)
class Word:
    """Who says so, with which sentence, and how they proved who they are. `method` is empty where their factor fails."""

    user: User
    text: str
    method: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Filed:
    """What one press filed at one client. `places`: in how many of them it may take something away."""

    removal: RemovalRequest
    plan: Plan
    places: int


def check(
    said: Urgent, known_since: datetime, user: User, workspaces: Sequence[Workspace], now: datetime
) -> list[Workspace]:
    """Of these, where it begins now: a client at which one is under way already for this person is left out.

    Raises Refused with what stands in the way, before anything is written.
    """
    addresses = checked_addresses(said.addresses)
    clients = frozenset(each.client_id for each in workspaces)
    check_said(said, workspaces)
    if why := may_not_release(queries.releases(user, clients, now.date()), addresses):
        raise Refused("may-not-release", why, field="email")
    if known_since > now:
        raise Refused(
            "not-yet", "This time is still ahead. Enter since when it is known.", field="known_clock"
        )
    if now - known_since > timedelta(days=365):
        raise Refused("too-long-ago", "Enter a time within the last year.", field="known_day")
    held = queries.held_for(addresses, clients)
    left = [each for each in workspaces if each.client_id not in held]
    if not left and (under_way := queries.open_for(addresses, clients)):
        raise open_already(under_way)
    return left


def open_already(emergency: Emergency) -> Refused:
    reference = emergency.removal.reference
    return Refused(
        "open-already",
        f"{reference} is under way for this person already.",
        reference=reference,
        field="email",
    )


def release(
    filed: Sequence[Filed], known_since: datetime, word: Word, second: Word | None, because: str
) -> list[Emergency]:
    """The word that stands where others have approvals. Call inside the transaction that files the requests.

    Raises Refused where one is under way, and where so much goes that a second person is needed and none has confirmed.
    """
    removals = [each.removal for each in filed]
    clients = clients_of(*removals)
    going = Volume(1, sum(each.places for each in filed))
    if second is None and (says := braked(removals, clients, going)):
        raise Refused("volume", says)
    made: list[Emergency] = []
    for each in filed:
        made.append(written(each, known_since, word, second, because, made[0] if made else None))
    hold(made, clients)
    for emergency, each in zip(made, filed, strict=True):
        tell_released(emergency, each.plan)
    return made


def written(
    filed: Filed,
    known_since: datetime,
    word: Word,
    second: Word | None,
    because: str,
    first: Emergency | None,
) -> Emergency:
    return Emergency.objects.create(
        first=first,
        removal=filed.removal,
        fingerprint=filed.plan.fingerprint,
        incident=filed.removal.ticket,
        known_since=known_since,
        released_by=word.user,
        text=word.text,
        method=word.method,
        address=word.address,
        second=second.user if second else None,
        because=because if second else "",
        second_method=second.method if second else "",
        second_address=second.address if second else None,
        places=filed.places,
        review_due_at=datetime.now(UTC) + timedelta(hours=value(EMERGENCY, REVIEW_HOURS)),
    )


def touched(plan: Plan) -> int:
    """Every place but those where a look found nobody: where nobody has looked, whatever is there goes too."""
    return sum(place["outcome"] != Outcome.ABSENT for place in plan.data["places"])


def hold(made: Sequence[Emergency], clients: frozenset[int]) -> None:
    """The constraint decides between two presses at once; the second is told of the first."""
    addresses = {fold(each) for each in made[0].removal.addresses}
    try:
        with transaction.atomic():
            Hold.objects.bulk_create(
                Hold(emergency=each, client_id=client, address=address)
                for each in made
                for client in sorted(clients_of(each.removal))
                for address in sorted(addresses)
            )
    except IntegrityError as error:
        under_way = queries.open_for(addresses, clients)
        raise open_already(under_way) if under_way else Refused("busy", "Press again.") from error


def tell_released(made: Emergency, plan: Plan) -> None:
    facts = {
        "incident": made.incident,
        "known_since": iso(made.known_since),
        "version": plan.version,
        "fingerprint": plan.fingerprint,
        "text": made.text,
        "method": made.method,
        "approved": False,
        "review_due": iso(made.review_due_at),
    }
    personal = {"address": made.address or ""}
    if made.second:
        facts |= {"second": str(made.second.pk), "because": made.because, "second_method": made.second_method}
        personal |= {"second": made.second.name, "second_address": made.second_address or ""}
    record(
        Event.EMERGENCY_RELEASED,
        actor=actor_of(made.released_by),
        about=made.removal.reference,
        facts=facts,
        personal=personal,
    )


def ended(removal: RemovalRequest) -> None:
    """Its request closes: another emergency for the same person may begin. Call inside the transaction that closes."""
    Hold.objects.filter(emergency__removal=removal).update(held=False)


# ---------------------------------------------------------------- two people beforehand


def ask(
    said: Urgent,
    known_since: datetime,
    workspaces: Sequence[Workspace],
    word: Word,
    because: Because,
    now: datetime,
) -> Ask:
    """Ask a second person of security, or an administrator, to confirm. Nothing is filed before they do."""
    workspaces = check(said, known_since, word.user, workspaces, now)
    addresses = checked_addresses(said.addresses)
    pks, clients = sorted(each.pk for each in workspaces), sorted({each.client_id for each in workspaces})
    what = digest([sorted(fold(each) for each in addresses), pks, said.ticket, said.reason, because.value])
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=word.user.pk)
        Ask.objects.filter(asked_by=word.user, open=True, ends_at__lte=now).update(open=False)
        if waiting := Ask.objects.filter(asked_by=word.user, digest=what, open=True).first():
            return waiting
        made = Ask.objects.create(
            asked_by=word.user,
            because=because.value,
            addresses=addresses,
            person_name=said.name,
            workspaces=pks,
            clients=clients,
            incident=said.ticket,
            reason=said.reason,
            known_since=known_since,
            time_zone=said.time_zone,
            text=word.text,
            method=word.method,
            address=word.address,
            ends_at=now + ASK_LASTS,
            digest=what,
        )
        record(
            Event.EMERGENCY_ASKED,
            actor=actor_of(word.user),
            facts={
                "ask": made.pk,
                "incident": said.ticket,
                "because": because.value,
                "person": key(addresses),
            },
            personal={"addresses": ", ".join(addresses)},
        )
    return made


def confirmed(waiting: Ask, user: User, now: datetime) -> Ask:
    """The ask, locked, for a second person who may confirm it. Call inside the transaction that releases."""
    locked = Ask.objects.select_for_update().get(pk=waiting.pk)
    if not locked.open:
        raise Refused("confirmed-already", "This was confirmed already.")
    if locked.ends_at <= now:
        raise Refused("too-late", "This was asked for more than an hour ago. It has to be asked for again.")
    if why := queries.why_not_second(user, locked, now.date()):
        raise Refused("may-not-confirm", why)
    return locked


def answered(locked: Ask, emergency: Emergency) -> None:
    Ask.objects.filter(pk=locked.pk).update(open=False, emergency=emergency)


# ---------------------------------------------------------------- the second press


def let_go(removal: RemovalRequest, numbers: Sequence[int], word: Word) -> Turn:
    """These queued steps, which change keys and logins, may begin. The caller has checked that they wait."""
    emergency = Emergency.objects.get(removal=removal)
    clients = clients_of(removal)
    if why := may_not_release(
        queries.releases(word.user, clients, datetime.now(UTC).date()), removal.addresses
    ):
        raise Refused("may-not-release", why)
    if not numbers:
        raise Refused("nothing-queued", "No change of a key or login is queued now.")
    made = Turn.objects.create(
        emergency=emergency,
        items=sorted(numbers),
        by=word.user,
        text=word.text,
        method=word.method,
        address=word.address,
    )
    record(
        Event.ROTATION_RELEASED,
        actor=actor_of(word.user),
        about=removal.reference,
        facts={"items": sorted(numbers), "text": word.text, "method": word.method},
        personal={"address": word.address or ""},
    )
    transaction.on_commit(pulse.wake)
    return made


# ---------------------------------------------------------------- afterwards


def review(removal: RemovalRequest, word: Word, verdict: Verdict, note: str) -> Review:
    """One second person's word afterwards. The constraint lets through one of many at once."""
    note = within(note, 2000, "note")
    if not note:
        raise Refused("no-note", "Write what you looked at, and what you found.", field="note")
    try:
        with transaction.atomic():
            RemovalRequest.objects.select_for_update().get(pk=removal.pk)
            emergency = Emergency.objects.select_related("removal").get(removal=removal)
            may_review(emergency, word.user)
            made = write_review(emergency, word, verdict, note)
    except IntegrityError as error:
        raise Refused("reviewed-already", f"{removal.reference} was reviewed already.") from error
    return made


def may_review(emergency: Emergency, user: User) -> None:
    if Review.objects.filter(emergency=emergency).exists():
        raise Refused("reviewed-already", f"{emergency.removal.reference} was reviewed already.")
    if why := queries.why_not_review(user, emergency, datetime.now(UTC).date()):
        raise Refused("may-not-review", why)


def write_review(emergency: Emergency, word: Word, verdict: Verdict, note: str) -> Review:
    made = Review.objects.create(
        emergency=emergency,
        reviewer=word.user,
        released_by_id=emergency.released_by_id,
        second_id=emergency.second_id,
        verdict=verdict.value,
        note=note,
        text=word.text,
        method=word.method,
        address=word.address,
    )
    facts = {
        "verdict": verdict.value,
        "note": note,
        "fingerprint": emergency.fingerprint,
        "text": word.text,
        "method": word.method,
        "late": datetime.now(UTC) > emergency.review_due_at,
    }
    record(
        Event.EMERGENCY_REVIEWED,
        actor=actor_of(word.user),
        about=emergency.removal.reference,
        facts=facts,
        personal={"address": word.address or ""},
    )
    transaction.on_commit(pulse.wake)
    return made


def watch_reviews(now: datetime) -> None:
    """Remind before a review is due, and alarm once when it is late. Each is said once, whatever dies in between."""
    if not (waiting := queries.unreviewed()):
        return
    percent = value(REMINDERS, REVIEW_REMINDER)
    for emergency in waiting:
        if emergency.overdue_at is None and now >= emergency.review_due_at:
            say_due(emergency, "overdue_at", overdue=True)
        elif emergency.reminded_at is None and now >= remind_at(
            emergency.at, emergency.review_due_at, percent
        ):
            say_due(emergency, "reminded_at", overdue=False)


def say_due(emergency: Emergency, mark: str, *, overdue: bool) -> None:
    with transaction.atomic():
        marked = Emergency.objects.filter(pk=emergency.pk, review=None, **{mark: None}).update(
            **{mark: Now()}
        )
        if marked:
            facts = {"overdue": overdue, "due": iso(emergency.review_due_at)}
            record(Event.EMERGENCY_REVIEW_DUE, actor=APP, about=emergency.removal.reference, facts=facts)


# ---------------------------------------------------------------- the volume breaker


def braked(removals: Collection[RemovalRequest], clients: frozenset[int], more: Volume) -> str:
    """Why a second person is needed, or empty.

    Call after the transaction has appended to the ledger: its head is held until the commit, so of two releases at once
    the second counts the first.
    """
    limits = queries.breaker()
    since = datetime.now(UTC) - timedelta(minutes=limits.minutes)
    return too_much(queries.removed_since(since, clients, removals), more, limits)


def hold_back(plan: Plan, people: int, says: str) -> None:
    """From now on it takes so many people. Call inside the transaction that finds out why, with the request locked."""
    brake = getattr(plan, "brake", None) or Brake(plan=plan)
    brake.people, brake.says = people, says[:300]
    brake.save()


def put_brake(plan: Plan, user: User) -> Brake | None:
    """Asked when the last approval that a plan needs is given: the brake, new or old, if so much goes already.

    Call inside the transaction that records the approval, with the request locked.
    """
    if brake := queries.brake_on(plan):
        return brake
    if plan.removal.restores_id:
        return None
    changed = sum(place["choice"] != "keep" for place in plan.data["places"])
    says = braked([plan.removal], clients_of(plan.removal), Volume(1, changed))
    if not says:
        return None
    record(
        Event.VOLUME_REACHED,
        actor=actor_of(user),
        about=plan.removal.reference,
        facts={"version": plan.version, "says": says},
    )
    return Brake.objects.create(plan=plan, says=says)
