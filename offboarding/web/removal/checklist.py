"""The checklist: phases, their steps, what is worst, and which rows are new since a page last asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.checklist.models import ChecklistItem
from offboarding.checklist.rules import PHASES, Phase, numbered_phases
from offboarding.execution.models import Run
from offboarding.web.cards import StepGroupCard, StepRowCard, TabCard, TabsCard
from offboarding.web.removal.overview import Overview, Version, changed_since
from offboarding.web.removal.states import blocked, facts_of, tag_of, worst
from offboarding.work.rules import ENDED, State

Wanted = Callable[[Overview, Run], bool]


def needs_reader(view: Overview, run: Run) -> bool:
    """For those who may act: not handed to somebody else. For all others: any that needs a person."""
    mine = bool(view.why_not) or run.assigned_to_id in (None, view.user.pk)
    return run.state == State.NEEDS_PERSON and mine


def waiting(view: Overview, run: Run) -> bool:
    return run.state in (State.WAITING, State.UNKNOWN, State.VERIFYING)


FILTERS: dict[str, tuple[object, Wanted]] = {
    "all": (lazy("All"), lambda view, run: True),
    "mine": (lazy("Needs me"), needs_reader),
    "failed": (lazy("Failed"), lambda view, run: blocked(run)),
    "waiting": (lazy("Waiting"), waiting),
}


@dataclass(frozen=True, slots=True)
class ChecklistCard:
    filters: TabsCard
    groups: tuple[StepGroupCard, ...]
    show: str
    empty: str


def checklist(view: Overview, show: str) -> ChecklistCard:
    """`show` is a key of FILTERS."""
    wanted = FILTERS[show][1]
    kept = [item for item in view.items if (item.number not in view.by_number and show == "all")
            or (item.number in view.by_number and wanted(view, view.by_number[item.number]))]  # fmt: skip
    groups = tuple(
        group(view, number, phase, kept, show)
        for number, phase in numbered_phases({item.phase for item in view.items})
        if in_phase(kept, phase)
    )
    return ChecklistCard(filters(view, show), groups, show, "" if groups else nothing(show))


def in_phase(items: list[ChecklistItem], phase: Phase) -> list[ChecklistItem]:
    return [item for item in items if item.phase == phase]


def nothing(show: str) -> str:
    words = {
        "mine": _("No step needs you now."),
        "failed": _("No step has failed."),
        "waiting": _("No step is waiting."),
    }
    return words.get(show, _("No steps."))


def filters(view: Overview, show: str) -> TabsCard:
    tabs = []
    for key, (label, wanted) in FILTERS.items():
        word = _("Needs a person") if key == "mine" and view.why_not else label
        count = sum(1 for run in view.runs if wanted(view, run)) if key != "all" else ""
        url = f"{view.url}checklist/" + (f"?show={key}" if key != "all" else "")
        tabs.append(TabCard(str(word), url, key == show, count))
    return TabsCard(_("Show steps"), tuple(tabs), "filters")


def group(view: Overview, number: int, phase: Phase, kept: list[ChecklistItem], show: str) -> StepGroupCard:
    own = in_phase(view.items, phase)
    done = sum(1 for item in own if view.states.get(item.number) in ENDED)
    tags = [tag_of(view.by_number.get(item.number)) for item in own]
    return StepGroupCard(
        id=phase.value,
        title=f"{number} {PHASES[phase]}",
        done=done if show == "all" else min(done, len(own) - 1),  # a filtered phase stays open
        total=len(own),
        steps=tuple(row(view, item) for item in in_phase(kept, phase)),
        worst=worst(tags, f"{phase.value}-worst"),
    )


def row(view: Overview, item: ChecklistItem, current: int = 0) -> StepRowCard:
    run = view.by_number.get(item.number)
    tally = view.tallies.get(run.pk) if run else None
    facts = facts_of(item, run, tally, view.states, view.clock)
    return StepRowCard(
        number=item.number,
        name=item.title,
        url=f"{view.url}steps/{item.number}/",
        tag=tag_of(run),
        facts=_("Added later. %(facts)s") % {"facts": facts} if item.added_at else facts,
        current=item.number == current,
    )


@dataclass(frozen=True, slots=True)
class NewsCard:
    """What changed since a page last looked: rows, counts and worst states of phases; or the whole list."""

    rows: tuple[StepRowCard, ...]
    groups: tuple[StepGroupCard, ...]
    whole: ChecklistCard | None
    filters: TabsCard


def news(view: Overview, seen: Version | None, show: str) -> NewsCard:
    if seen is None or seen.stage != view.removal.stage or show != "all":
        return NewsCard((), (), checklist(view, show), filters(view, show))
    changed = [run.item for run in changed_since(view.runs, seen, view.clock)]
    touched = {item.phase for item in changed}
    groups = tuple(
        group(view, number, phase, [], "all")
        for number, phase in numbered_phases({item.phase for item in view.items})
        if phase.value in touched
    )
    return NewsCard(tuple(row(view, item) for item in changed), groups, None, filters(view, show))


def parts(view: Overview) -> str:
    """The ids that an answer to a poll may bring, for `hx-select-oob`."""
    phases = {item.phase: None for item in view.items}
    ids = ["removal-head", "removal-attention", "removal-tabs", "removal-filters", "checklist"]
    ids += [f"{phase}-{part}" for phase in phases for part in ("count", "worst")]
    ids += [f"step-{item.number}" for item in view.items]
    return ",".join(f"#{each}" for each in ids)
