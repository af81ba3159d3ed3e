"""Freezing a plan, and adding to the checklist what nobody knew when it was frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max

from offboarding.checklist import queries
from offboarding.checklist.lines import lines
from offboarding.checklist.models import ChecklistItem, Plan
from offboarding.checklist.risks import may_break, not_known
from offboarding.checklist.rules import (
    Addition,
    Found,
    Kind,
    Line,
    Phase,
    Playbook,
    before,
    planned,
    refuses_reduction,
)
from offboarding.ledger.actions import Event, record
from offboarding.ledger.rules import iso
from offboarding.lib import canonical
from offboarding.lib.hashing import sha256_hex
from offboarding.lib.refusals import Refused
from offboarding.removals.models import Attachment, RemovalRequest
from offboarding.removals.queries import attachments_of
from offboarding.removals.rules import REASONS, Group
from offboarding.users.models import User
from offboarding.users.rules import actor_of

MEASURING = "verify.measure_before"


def freeze(removal: RemovalRequest, user: User, decided_under: Sequence[Mapping[str, Any]] = ()) -> Plan:
    """The next version of the plan, from the newest snapshots. Call inside the verb that makes it necessary.

    `decided_under`: the approval policies that hold now. They become part of the plan and of its fingerprint.
    """
    book, places = queries.playbook_for(removal), queries.found_places(removal)
    refuse_impossible(places)
    made = lines(book, queries.subject_of(removal), places, settings.KEY_GRACE_DAYS)
    version = (previous.version if (previous := queries.newest_plan(removal)) else 0) + 1
    told = described(removal, version, book, places, made)
    if decided_under:
        told["decided_under"] = [dict(each) for each in decided_under]
    body = canonical.dumps(told)
    plan = Plan.objects.create(
        removal=removal,
        version=version,
        fingerprint=sha256_hex(body),
        body=body,
        playbook=book.name,
        playbook_version=book.version,
        made_by=user,
    )
    plan.snapshots.set(queries.snapshots_for(removal, [place.workspace_id for place in places]).values())
    write_items(plan, removal, made, places, book.hurry or REASONS[removal.reason].group is Group.SECURITY)
    record(
        Event.PLAN_FROZEN,
        actor=actor_of(user),
        about=removal.reference,
        facts={"version": version, "fingerprint": plan.fingerprint, "items": len(made)},
    )
    return plan


def refuse_impossible(places: Sequence[Found]) -> None:
    """What was marked to go while the draft was written may be gone by now, or be all there is."""
    wrong = {
        place.workspace_id: why
        for place in places
        if place.reduced and (why := refuses_reduction(place.seen, place.taken))
    }
    if wrong:
        name = next(place.workspace for place in places if place.workspace_id in wrong)
        raise Refused("places-incomplete", f"{name}: {next(iter(wrong.values()))}", faults=wrong)


def described(
    removal: RemovalRequest, version: int, book: Playbook, places: Sequence[Found], made: Sequence[Line]
) -> dict[str, Any]:
    """Exactly what an approver is shown and signs, as data."""
    assert removal.starts_at and removal.due_at
    files = [described_file(each) for each in attachments_of(removal)]
    return {
        "v": 1,
        "removal": removal.reference,
        "version": version,
        "playbook": book.named,
        "person": {"name": removal.person_name, "addresses": list(removal.going)},
        **({"stays": removal.stays} if removal.stays else {}),
        "reason": removal.reason,
        "starts_at": iso(removal.starts_at),
        "due_at": iso(removal.due_at),
        **({"restores": removal.restores.reference} if removal.restores else {}),
        **(
            {"service_account": {"owner": removal.owner, "consumers": removal.consumers}}
            if removal.machine
            else {}
        ),
        **({"attachments": files} if files else {}),
        "places": [described_place(place) for place in places],
        "may_break": may_break(places, settings.KEY_GRACE_DAYS),
        "not_known": not_known(places),
        "items": [described_line(number, each) for number, each in enumerate(made, 1)],
    }


def described_file(each: Attachment) -> dict[str, Any]:
    """`file` is its number among the evidence; the digest says what is in it."""
    kept = each.evidence
    return {
        "file": kept.pk,
        "name": kept.name,
        "sha256": kept.sha256,
        "size": kept.size,
        "by": each.added_by.name,
        "at": iso(each.added_at),
    }


def described_place(place: Found) -> dict[str, Any]:
    return {
        "workspace": place.workspace,
        "workspace_id": place.workspace_id,
        "client": place.client,
        "environment": place.environment,
        "region": place.region,
        "managed_by": place.managed_by,
        "before": before(place),
        "outcome": place.seen.outcome.value,
        "owner": place.seen.owner,
        "last_owner": place.seen.owners.value,
        "accounts": [{"id": each.id, "email": each.email} for each in place.seen.accounts],
        "roles": [{"role": role.says(), "group": role.group} for role in place.seen.roles],
        "groups": [name for _, name in place.seen.groups],
        "invitations": list(place.seen.invitations),
        "choice": place.choice.value,
        "until": until_of(place),
        "reason": place.reason,
        "planned": planned(place),
        **reduction(place),
        **merger(place),
    }


def reduction(place: Found) -> dict[str, Any]:
    """Where only some of it goes: each thing that goes and each that stays, as it is compared afterwards."""
    if not place.reduced:
        return {}
    return {
        "lost": [{**each.as_json(), "says": each.says()} for each in place.lost],
        "kept": [{**each.as_json(), "says": each.says()} for each in place.kept],
    }


def merger(place: Found) -> dict[str, Any]:
    """Where accounts are merged: which one stays, what it holds, and what it is given before the others go."""
    if not place.merged or place.staying is None:
        return {}
    return {
        "takes_over": {
            "address": place.stays,
            "outcome": place.staying.outcome.value,
            "holds": place.staying.says(),
            "giving": place.giving.value,
            "given": [{**each.as_json(), "says": each.says()} for each in place.lacks],
        }
    }


def until_of(place: Found) -> str | None:
    if place.ends_at:
        return iso(place.ends_at)
    return place.until.isoformat() if place.until else None


def described_line(number: int, each: Line) -> dict[str, Any]:
    return {
        "number": number,
        "code": each.code,
        "phase": each.phase.value,
        "kind": each.kind.value,
        "step": each.step,
        "title": each.title,
        "workspace_id": each.workspace_id,
        "target": dict(each.target),
        "proof": each.proof,
    }


def write_items(
    plan: Plan, removal: RemovalRequest, made: Sequence[Line], places: Sequence[Found], hurry: bool
) -> None:
    assert removal.due_at
    numbered = list(enumerate(made, 1))
    ChecklistItem.objects.bulk_create(
        ChecklistItem(
            plan=plan,
            number=number,
            code=each.code,
            phase=each.phase.value,
            kind=each.kind.value,
            step=each.step,
            title=each.title[:400],
            workspace_id=each.workspace_id,
            target=dict(each.target),
            where=each.where,
            how=list(each.how),
            proof=each.proof,
            waits_for=waits_for(each, numbered, places, hurry),
            at=each.at,
            due_at=due_of(each, removal.due_at),
            blocks_closing=each.blocks_closing,
        )
        for number, each in numbered
    )


def due_of(each: Line, due_at: datetime) -> datetime:
    """With the request; follow-ups at their own date: the day after read-only access ends, or so many days later."""
    if each.at == "until":
        until = each.target["until"]
        if "T" in until:
            return datetime.fromisoformat(until)
        return datetime.combine(date.fromisoformat(until) + timedelta(days=1), due_at.timetz())
    if each.at:
        return due_at + timedelta(days=int(each.at.split()[0]))
    # A rotation has the grace time to move its senders, and the old keys the same again before they go.
    times = 2 if each.step == "segment.remove_write_key" else 1
    return due_at + times * timedelta(days=each.target.get("grace_days", 0))


def waits_for(
    each: Line, numbered: Sequence[tuple[int, Line]], places: Sequence[Found], hurry: bool
) -> list[int]:
    """The numbers that this line waits for: lines with the named codes that concern the same workspace.

    In a `hurry` nothing waits for a hand-over or a measurement: access goes first.
    """
    names = {place.workspace_id: place.workspace for place in places}
    return [
        number
        for number, other in numbered
        if other.code in each.waits_for
        and not (hurry and (other.phase is Phase.HAND_OVER or other.step == MEASURING))
        and concerns(other, each.workspace_id, names)
        and same_thing(other, each)
    ]


def same_thing(other: Line, each: Line) -> bool:
    """Lines of two sources, or of two logins, do not wait for each other."""
    pairs = [(other.target.get(name), each.target.get(name)) for name in ("source_id", "login_id")]
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def concerns(other: Line, workspace_id: int | None, names: Mapping[int, str]) -> bool:
    if workspace_id is None or other.workspace_id == workspace_id:
        return True
    return other.workspace_id is None and names[workspace_id] in other.target["workspaces"]


def add(plan: Plan, user: User, addition: Addition) -> ChecklistItem:
    """One more manual line, beside the approved plan and never part of it. It blocks closing.

    Call inside the verb that found it, with the request locked. The same reason twice breaks a constraint.
    """
    removal = plan.removal
    assert removal.due_at
    newest = plan.items.aggregate(newest=Max("number"))["newest"] or 0
    item = ChecklistItem.objects.create(
        plan=plan,
        number=newest + 1,
        code=addition.code,
        phase=addition.phase.value,
        kind=Kind.MANUAL.value,
        title=addition.title[:400],
        workspace_id=addition.workspace_id,
        target={"addresses": list(removal.going), **addition.target},
        where=addition.where,
        how=list(addition.how),
        proof=addition.proof,
        waits_for=[],
        due_at=removal.due_at,
        added_for=addition.reason,
        added_at=datetime.now(UTC),
        added_by=user,
    )
    facts = {"item": item.number, "title": item.title, "code": item.code}
    record(Event.ITEM_ADDED, actor=actor_of(user), about=removal.reference, facts=facts)
    return item
