"""What follows behind an emergency: lines that nobody could know when it was released, added workspace by workspace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Max

from offboarding.checklist.actions import due_of, waits_for
from offboarding.checklist.lines import lines
from offboarding.checklist.models import ChecklistItem, Plan
from offboarding.checklist.queries import found_places, shipped_playbook, subject_of
from offboarding.checklist.rules import Kind, Line, Phase
from offboarding.ledger.actions import APP, Event, record_each
from offboarding.users.models import User

BEHIND = "emergency-behind"
# What tells one line of a workspace from the next of the same code.
THINGS = ("source_id", "login_id")


def follow(plan: Plan, by: User, workspaces: Sequence[int]) -> list[ChecklistItem]:
    """Add what was found in these workspaces, beside the plan and never part of it. What stands already is not added again.

    `by` is who released the emergency. Call inside a transaction, with the request locked.
    """
    removal = plan.removal
    assert removal.due_at
    book, due_at = shipped_playbook(BEHIND), removal.due_at
    places = [place for place in found_places(removal) if place.workspace_id in workspaces]
    subject = subject_of(removal)
    known = set(plan.items.exclude(added_for="").values_list("added_for", flat=True))
    made = [
        each for each in lines(book, subject, places, settings.KEY_GRACE_DAYS) if reason(each) not in known
    ]
    newest = plan.items.aggregate(newest=Max("number"))["newest"] or 0
    numbered = list(enumerate(made, newest + 1))
    around = [*stands(plan, workspaces), *numbered]
    rows = [
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
            waits_for=waits_for(each, around, places, hurry=True),
            at=each.at,
            due_at=due_of(each, due_at),
            blocks_closing=each.blocks_closing,
            added_for=reason(each),
            added_at=datetime.now(UTC),
            added_by=by,
        )
        for number, each in numbered
    ]
    ChecklistItem.objects.bulk_create(rows)
    facts = [{"item": row.number, "title": row.title, "code": row.code} for row in rows]
    record_each(Event.ITEM_ADDED, facts, actor=APP, about=removal.reference)
    return rows


def reason(each: Line) -> str:
    thing = next((str(each.target[name]) for name in THINGS if name in each.target), "")
    return f"{each.code} {each.workspace_id} {thing}".strip()[:120]


def stands(plan: Plan, workspaces: Sequence[int]) -> list[tuple[int, Line]]:
    """The lines that are there already in these workspaces, as far as others may wait for them."""
    found = plan.items.filter(workspace__in=workspaces)
    return [(item.number, as_line(item)) for item in found]


def as_line(item: ChecklistItem) -> Line:
    return Line(
        code=item.code,
        phase=Phase(item.phase),
        kind=Kind(item.kind),
        step=item.step,
        title=item.title,
        workspace_id=item.workspace_id,
        target=item.target,
        where=item.where,
        how=(),
        proof=item.proof,
        waits_for=(),
        at=item.at,
        blocks_closing=item.blocks_closing,
    )
