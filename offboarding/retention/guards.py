"""The record: tables whose rows stay as they were written, said as triggers on both databases, and none of them is deleted.

The ledger, evidence, tombstones, policies and packets have triggers of their own, made by their migrations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.db import models

from offboarding.approvals.models import Approval
from offboarding.checklist.models import ChecklistItem, Plan
from offboarding.discovery.models import Snapshot
from offboarding.execution.models import Attempt, Proof, Ruling
from offboarding.letters.models import TemplateVersion, TermsVersion
from offboarding.packets.models import Visit
from offboarding.removals.models import SettingVersion
from offboarding.trail.models import AuditEvent
from offboarding.trail.rules import BY_CONTENT
from offboarding.verification.models import Finding, Measurement, Trace
from offboarding.work.guards import Guard


@dataclass(frozen=True, slots=True)
class Kept:
    """`later`: columns that are written after their row, and the condition over OLD from which on they stay too.

    `apart`: more that is unique: a condition over NEW, and one over a row `o` that is in its way.
    """

    model: type[models.Model]
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    apart: tuple[tuple[str, str], ...] = ()


STANDS = "{0}.decision <> 'ask' AND {0}.fell_at IS NULL"
RECORD = (
    Kept(Snapshot),
    Kept(Plan),
    Kept(Plan.snapshots.through),
    Kept(
        ChecklistItem,
        apart=(("NEW.added_for <> ''", "o.plan_id = NEW.plan_id AND o.added_for = NEW.added_for"),),
    ),
    Kept(
        Approval,
        later={
            "OLD.fell_at IS NOT NULL": ("fell_at",),
            "OLD.answered_at IS NOT NULL": ("answer", "answered_at"),
        },
        apart=tuple(
            (STANDS.format("NEW"), f"o.plan_id = NEW.plan_id AND o.{who} = NEW.{who} AND {STANDS.format('o')}")
            for who in ("approver_id", "right_of_id")
        ),
    ),
    Kept(
        Attempt,
        later={"OLD.closed_at IS NOT NULL": ("closed_at", "result", "says", "facts", "exchanges_id")},
    ),
    Kept(
        Proof, later={"OLD.withdrawn_at IS NOT NULL": ("withdrawn_at", "withdrawn_by_id", "withdrawn_because")}
    ),
    Kept(Ruling),
    Kept(Finding),
    Kept(Measurement),
    Kept(Trace),
    # A line of a file has no id; Segment tells it later, with all else that it knows of the event.
    Kept(
        AuditEvent,
        later={
            f"substr(OLD.key, 1, {len(BY_CONTENT)}) <> '{BY_CONTENT}'": (
                "key", "at", "type", "kind", "actor", "email", "resource_id", "resource_type", "resource_name", "raw",
            )
        },
    ),
    Kept(TermsVersion),
    Kept(TemplateVersion),
    Kept(SettingVersion),
    Kept(Visit),
)  # fmt: skip


def guards_of(kept: Kept) -> Iterator[Guard]:
    """SQLite's REPLACE deletes without firing triggers for it, so a row in the way of another one is asked for there."""
    table = kept.model._meta.db_table
    yield Guard(f"{table}_stays_as_written", table, "UPDATE", changed(kept))
    yield Guard(f"{table}_is_not_deleted", table, "DELETE", "1 = 1")
    yield Guard(f"{table}_is_not_replaced", table, "INSERT", " OR ".join(taken(kept)), only="sqlite")


def changed(kept: Kept) -> str:
    later = {name for names in kept.later.values() for name in names}
    fixed = [each.column for each in kept.model._meta.concrete_fields if each.column not in later]
    set_already = (f"({once} AND ({differ(names)}))" for once, names in kept.later.items())
    return " OR ".join((differ(fixed), *set_already))


def differ(columns: Iterable[str | None]) -> str:
    """What is empty is told apart from what is not, which `<>` alone does not do."""
    return " OR ".join(
        f'NEW."{each}" <> OLD."{each}" OR (NEW."{each}" IS NULL) <> (OLD."{each}" IS NULL)'
        for each in columns
    )


def taken(kept: Kept) -> Iterator[str]:
    """Each asked by itself: so each finds its index, however many rows there are."""
    for only_if, way in (*(("1 = 1", way) for way in keys_of(kept.model)), *kept.apart):
        yield f"({only_if} AND EXISTS (SELECT 1 FROM {kept.model._meta.db_table} o WHERE {way}))"  # noqa: S608


def keys_of(model: type[models.Model]) -> Iterator[str]:
    """All that is unique without a condition."""
    meta = model._meta
    keys = [(each.name,) for each in meta.concrete_fields if each.unique]
    whole = [
        each.fields
        for each in meta.constraints
        if isinstance(each, models.UniqueConstraint) and not each.condition
    ]
    for key in (*keys, *meta.unique_together, *whole):
        columns = [meta.get_field(name).column for name in key]  # type: ignore[union-attr]
        yield " AND ".join(f'o."{column}" = NEW."{column}"' for column in columns)


GUARDS = tuple(guard for kept in RECORD for guard in guards_of(kept))
