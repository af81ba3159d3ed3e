"""What the person did lately, as the emergency's reads of the audit trails tell it: what to look at first is on top."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from offboarding.execution.models import Attempt
from offboarding.execution.rules import Act, Result
from offboarding.verification.activity import Mark, moment_of
from offboarding.web.cards import TagCard, TimeCard
from offboarding.web.emergency.incident import Incident
from offboarding.work.rules import ENDED, State

SHOWN = 30
WORDS = {
    Mark.EXPORT: "Export",
    Mark.KEY: "Key or token",
    Mark.PERMISSION: "Permissions",
    Mark.HOURS: "Unusual hours",
}


@dataclass(frozen=True, slots=True)
class DoneRow:
    workspace: str
    at: TimeCard | None
    type: str
    what: str
    tags: tuple[TagCard, ...]


@dataclass(frozen=True, slots=True)
class ActivityCard:
    """`nothing`: the workspaces whose audit trail tells of no act. `unknown`: where that cannot be known, and why."""

    rows: tuple[DoneRow, ...]
    more: int
    nothing: str
    unknown: tuple[tuple[str, str, str], ...]  # workspace, sentence, link to its step
    waiting: int
    days: int


def activity(seen: Incident) -> ActivityCard:
    runs = [run for run in seen.runs if run.item.code == "recent-activity"]
    looks = Attempt.objects.filter(
        run__in=[run.pk for run in runs], act=Act.LOOK, result=Result.SEEN
    ).order_by("pk")
    newest = {look.run_id: look for look in looks}
    rows: list[tuple[str, DoneRow]] = []
    nothing, unknown, waiting, days = [], [], 0, 0
    for run in runs:
        name = run.item.workspace.name if run.item.workspace else ""
        look = newest.get(run.pk)
        url = seen.step_url(run)
        if look is None and State(run.state) in (*ENDED, State.NEEDS_PERSON):
            unknown.append((name, run.sentence, url))
            continue
        if look is None:
            waiting += 1
            continue
        days = int(look.facts.get("days", days))
        if not look.facts.get("known"):
            unknown.append((name, look.says, url))
        elif not look.facts.get("count"):
            nothing.append(name)
        rows += [(each["at"], row_of(seen, name, each)) for each in look.facts.get("done", ())]
    rows.sort(key=lambda pair: (bool(pair[1].tags), pair[0]), reverse=True)
    shown = tuple(row for _at, row in rows[:SHOWN])
    more = max(0, len(rows) - SHOWN)
    return ActivityCard(shown, more, ", ".join(nothing), tuple(unknown), waiting, days)


def row_of(seen: Incident, workspace: str, each: dict[str, object]) -> DoneRow:
    at: datetime | None = moment_of(str(each["at"]))
    marks = each["marks"] if isinstance(each["marks"], list) else []
    tags = tuple(
        TagCard("due_soon" if mark == Mark.HOURS else "needs_person", _(WORDS[Mark(mark)])) for mark in marks
    )
    return DoneRow(
        workspace,
        seen.clock.time(at, seconds=True) if at else None,
        str(each["type"]),
        str(each["what"]),
        tags,
    )
