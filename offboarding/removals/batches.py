"""Many at once: what is wrong with each row of a list, and sending the list on its way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.directory.models import Engagement
from offboarding.directory.queries import all_addresses, engagements_in
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import Event, record
from offboarding.lib.addresses import distinct, fold, meet, well_formed
from offboarding.lib.refusals import Refused
from offboarding.removals.actions import known_zone, may_file
from offboarding.removals.models import Batch, BatchRow, RemovalRequest
from offboarding.removals.queries import removals_for
from offboarding.removals.rules import (
    FARTHEST,
    FILED_FOR,
    OPEN,
    Stage,
    refuses_reason,
    refuses_stays,
)
from offboarding.removals.sheets import MOST_ROWS, Typed
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of

FIELDS = tuple(Typed.__dataclass_fields__)
LIMITS = {
    "email": 254,
    "name": 120,
    "engagement": 200,
    "reason": 80,
    "ticket": 100,
    "owner": 200,
    "consumers": 2000,
    "stays": 254,
    "takes": 2000,
}
FILERS = (Role.REQUESTER, Role.SECURITY, Role.ADMINISTRATOR)
MOST_ADDRESSES = 10


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every row that says nothing else. Without `starts_at` access ends as soon as it is approved."""

    reason: str
    time_zone: str
    starts_at: datetime | None = None
    ticket: str = ""
    client_informed: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be filed, in a sentence. `field` is where to mend it; `open` names a request that is in the way."""

    field: str
    says: str
    open: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are judged by, asked once for all of them."""

    own: frozenset[str]  # the filer's own addresses
    engagements: Mapping[str, list[Engagement]] = field(default_factory=dict)
    busy: Mapping[str, str] = field(default_factory=dict)  # folded address: reference of an open request


def known(scope: Scope) -> Known:
    engagements: dict[str, list[Engagement]] = {}
    for each in engagements_in(scope, *FILERS):
        engagements.setdefault(each.name.casefold(), []).append(each)
    mine = Q(stage=Stage.DRAFT, requester_id=scope.user_id)
    found = removals_for(scope).filter(Q(stage__in=[stage.value for stage in OPEN]) | mine)
    rows = found.values_list("number", "addresses")
    busy = {fold(address): f"R-{number}" for number, addresses in rows for address in addresses}
    return Known(scope.addresses, engagements, busy)


def faults(rows: Sequence[BatchRow], found: Known, reason: str) -> dict[int, Fault]:
    """By number of the row, what is wrong with it first. Rows that are left out are not judged.

    `reason` is the list's, for rows that name none.
    """
    wrong, before = {}, dict[str, int]()
    for row in rows:
        if row.state == BatchRow.State.LEFT_OUT:
            continue
        if fault := fault_of(typed(row), found, before) or wrong_extent(typed(row), reason):
            wrong[row.number] = fault
        for address in typed(row).addresses:
            before.setdefault(fold(address), row.number)
    return wrong


def fault_of(row: Typed, found: Known, before: Mapping[str, int]) -> Fault | None:
    addresses = row.addresses
    if not well_formed(row.email):
        return Fault("email", "Enter an e-mail address like name@company.com.")
    if bad := next((each for each in addresses if not well_formed(each)), ""):
        where = "stays" if bad == row.stays else "others"
        return Fault(where, f"“{bad[:80]}” is not an e-mail address. Correct it or take it out.")
    if len(addresses) > MOST_ADDRESSES:
        return Fault("others", f"Enter at most {MOST_ADDRESSES} addresses of one person.")
    if meet(found.own, addresses):
        return Fault("email", "This is your own address. Ask another lead or security to file it.")
    if twin := next((before[fold(each)] for each in addresses if fold(each) in before), 0):
        return Fault(
            "email", f"Row {twin} has this address already. Put both into one row, or leave one out."
        )
    if there := next((found.busy[fold(each)] for each in addresses if fold(each) in found.busy), ""):
        return Fault("email", f"{there} is open for this person already, or a draft of yours.", there)
    if row.reason and not reason_of(row.reason):
        return Fault("reason", "This reason is not in the catalogue. Write its code or its words.")
    if bool(row.owner) != bool(row.consumers):
        says = "A service account has somebody who answers for it, and something that runs with it. Fill in both."
        return Fault("consumers" if row.owner else "owner", says)
    return wrong_engagement(row.engagement, found)


def wrong_extent(row: Typed, usual: str) -> Fault | None:
    """What does not go together where not everything of a person goes."""
    if wrong := refuses_stays(row.stays, row.addresses, bool(row.owner)):
        return Fault("stays", wrong)
    if wrong := refuses_reason(reason_of(row.reason) or usual, row.stays):
        return Fault("reason" if row.stays else "stays", wrong)
    if row.taken and row.stays:
        return Fault(
            "takes", "Another account takes over, so nothing is taken alone. Leave one of the two empty."
        )
    return None


def wrong_engagement(name: str, found: Known) -> Fault | None:
    there = found.engagements.get(name.casefold(), []) if name else []
    if name and not there:
        return Fault("engagement", "You have no engagement of this name.")
    if len(there) > 1:
        clients = ", ".join(each.client.name for each in there)
        return Fault("engagement", f"{clients} each have an engagement of this name. Leave it empty.")
    return None


def reason_of(text: str) -> str:
    """The code of a reason that is written as code or in words; empty if there is none."""
    wanted = text.strip().casefold()
    return next((code for code, each in FILED_FOR.items() if wanted in (code, each.says.casefold())), "")


def typed(row: BatchRow) -> Typed:
    return Typed(*(getattr(row, name) for name in FIELDS))


# ---------------------------------------------------------------- verbs


def begin(by: User, scope: Scope, terms: Terms, rows: Iterable[Typed], now: datetime) -> Batch:
    """Keeps the list, so that it can be looked over, put right and filed later. Nobody is asked for anything yet."""
    may_file(scope)
    check(terms, now)
    given = with_known(scope, list(rows)[: MOST_ROWS + 1])
    if not 0 < len(given) <= MOST_ROWS:
        raise Refused("too-many-rows", f"A list has at most {MOST_ROWS} people.", field="text")
    with transaction.atomic():
        batch = Batch.objects.create(
            owner=by,
            reason=terms.reason,
            starts_at=terms.starts_at,
            time_zone=terms.time_zone,
            ticket=terms.ticket,
            client_informed=terms.client_informed,
        )
        BatchRow.objects.bulk_create(
            BatchRow(batch=batch, number=number, **cut(each)) for number, each in enumerate(given, 1)
        )
    return batch


def with_known(scope: Scope, rows: Sequence[Typed]) -> list[Typed]:
    """Each with what else the user's clients know the person by. The list shows it before anything is filed.

    Where accounts are merged, those are named by who merges them.
    """
    known = all_addresses(scope, (each for row in rows if not row.stays for each in row.addresses))
    return [replace(row, others=joined(row, known)) if not row.stays else row for row in rows]


def joined(row: Typed, known: Mapping[str, Sequence[str]]) -> str:
    """As they were typed, and behind them what is missing."""
    typed_already = {fold(each) for each in row.addresses}
    more = (one for each in row.addresses for one in known.get(fold(each), ()))
    return " ".join([row.others, *(one for one in distinct(more) if fold(one) not in typed_already)]).strip()


def check(terms: Terms, now: datetime) -> None:
    if terms.reason not in FILED_FOR:
        raise Refused("no-reason", "Choose a reason.", field="reason")
    if not known_zone(terms.time_zone):
        raise Refused("no-zone", "Choose a time zone from the list.", field="time_zone")
    if terms.starts_at and terms.starts_at < now.replace(second=0, microsecond=0):
        raise Refused("in-the-past", "This time has passed. Choose now or a later time.", field="day")
    if terms.starts_at and terms.starts_at - now > FARTHEST:
        raise Refused("too-far", "Choose a time within the next ten years.", field="day")


def cut(row: Typed) -> dict[str, str]:
    """As long as its column. What is cut ends with a blank and dots, so that no half address passes for a whole one."""
    return {name: shortened(getattr(row, name), LIMITS.get(name, 4000)) for name in FIELDS}


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 2]} …"


def mend(by: User, batch: Batch, rows: Mapping[int, Typed], left_out: Iterable[int]) -> None:
    """What was typed anew, and which rows are left out. Rows that are not named stay as they are."""
    out = set(left_out)
    with transaction.atomic():
        locked = held(by, batch)
        for row in locked.rows.all():
            fields = cut(rows[row.number]) if row.number in rows else {}
            state = BatchRow.State.LEFT_OUT if row.number in out else BatchRow.State.TYPED
            BatchRow.objects.filter(pk=row.pk).update(state=state, **fields)


def file(by: User, scope: Scope, batch: Batch) -> int:
    """Sends the list on its way: each row becomes a request of its own. Gives back how many. Pressing twice files once."""
    may_file(scope)
    with transaction.atomic():
        locked = held(by, batch)
        rows = list(locked.rows.all())
        if wrong := faults(rows, known(scope), locked.reason):
            numbers = ", ".join(str(number) for number in list(wrong)[:8])
            raise Refused("rows-wrong", f"Put these rows right first, or leave them out: {numbers}.")
        going = [row.pk for row in rows if row.state == BatchRow.State.TYPED]
        if not going:
            raise Refused("nobody", "Every row is left out. There is nobody to file for.")
        BatchRow.objects.filter(pk__in=going).update(state=BatchRow.State.WAITING)
        Batch.objects.filter(pk=locked.pk).update(state=Batch.State.FILING, filed_at=Now())
        facts = {"people": len(going), "left_out": len(rows) - len(going), "reason": locked.reason}
        record(Event.BATCH_FILED, actor=actor_of(by), about=f"batch:{locked.pk}", facts=facts)
        transaction.on_commit(pulse.wake)
    return len(going)


def drop(by: User, batch: Batch) -> None:
    with transaction.atomic():
        locked = held(by, batch)
        Batch.objects.filter(pk=locked.pk).update(state=Batch.State.DROPPED)


def held(by: User, batch: Batch) -> Batch:
    locked = Batch.objects.select_for_update().get(pk=batch.pk)
    if locked.owner_id != by.pk:
        raise Refused("not-yours", "Only the person who began this list changes it.")
    if locked.state != Batch.State.OPEN:
        raise Refused("filed-already", "This list was filed or thrown away already.")
    return locked


def ended(row: BatchRow, state: str, says: str = "", removal: RemovalRequest | None = None) -> None:
    """What became of one row; the last one ends the list. A row ends once."""
    with transaction.atomic():
        moving = BatchRow.objects.filter(pk=row.pk, state__in=DUE)
        fields = {"removal": removal} if removal else {}
        if moving.update(state=state, says=says[:500], **fields):
            batch = Batch.objects.select_for_update().get(pk=row.batch_id)
            if not batch.rows.filter(state__in=DUE).exists():
                Batch.objects.filter(pk=batch.pk).update(state=Batch.State.DONE)


def looks_began(row: BatchRow, removal: RemovalRequest) -> None:
    BatchRow.objects.filter(pk=row.pk, state=BatchRow.State.WAITING).update(
        state=BatchRow.State.LOOKING, removal=removal, looking_since=Now()
    )


DUE = [BatchRow.State.WAITING.value, BatchRow.State.LOOKING.value]


def due(most: int) -> list[BatchRow]:
    """Rows that something can be done for, of all lists; those that look are asked before more begin to."""
    found = BatchRow.objects.filter(state__in=DUE).select_related("batch__owner", "removal")
    return list(found.order_by("state", "pk")[:most])


def batches_of(scope: Scope) -> QuerySet[Batch]:
    """The user's own lists, newest first."""
    return Batch.objects.filter(owner_id=scope.user_id).exclude(state=Batch.State.DROPPED)
