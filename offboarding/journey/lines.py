"""The lines of checklists, as far as the route asks. They never change once they stand, so a process reads each plan's once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from threading import Lock

from offboarding.checklist.models import Plan
from offboarding.checklist.rules import Kind
from offboarding.journey.rules import Line

KEPT_AT_MOST = 64  # plans
kept: OrderedDict[tuple[int, str], dict[int, Line]] = OrderedDict()
lock = Lock()


def of(plan: Plan, needed: Collection[int]) -> Mapping[int, Line]:
    """By number. Read anew when a `needed` one is missing: people may have added lines meanwhile."""
    key = plan.pk, plan.fingerprint
    with lock:
        found = kept.get(key)
    if found is None or not found.keys() >= set(needed):
        found = read(plan)
    with lock:
        kept[key] = found
        kept.move_to_end(key)
        while len(kept) > KEPT_AT_MOST:
            kept.popitem(last=False)
    return found


def read(plan: Plan) -> dict[int, Line]:
    rows = plan.items.values_list("number", "step", "at", "kind", "waits_for")
    return {
        number: Line(step, at, kind != Kind.MANUAL, tuple(waits)) for number, step, at, kind, waits in rows
    }
