"""The checklist: phases, their steps, what is worst, and which rows are new since a page last asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.checklist.models import ChecklistItem
from offboarding.checklist.rules import PHASES, Phase, numbered_phases
from offboarding.execution.models import Run
from offboarding.web.cards import StepBundleCard, StepFoldCard, StepGroupCard, StepRowCard, TabCard, TabsCard
from offboarding.web.removal.overview import Overview, Version, changed_since
from offboarding.web.removal.states import blocked, facts_of, tag_of, worst
from offboarding.work.rules import ENDED, State

Wanted = Callable[[Overview, Run], bool]
LONG = 12  # steps of a phase that are read at a glance


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
    folds = folds_of(view, phase, own) if show == "all" and is_long(view, phase) and kept else ()
    return StepGroupCard(
        id=phase.value,
        title=f"{number} {PHASES[phase]}",
        done=done if show == "all" else min(done, len(own) - 1),  # a filtered phase stays open
        total=len(own),
        steps=tuple(open_rows(view, own) if folds else folded(view, in_phase(kept, phase), show)),
        worst=worst(tags, f"{phase.value}-worst"),
        folds=folds,
    )


def is_long(view: Overview, phase: Phase) -> bool:
    return len(in_phase(view.items, phase)) > LONG


def rests(view: Overview, item: ChecklistItem) -> str:
    """The fold of a long phase in which this step waits for nobody; empty if it needs somebody."""
    run = view.by_number.get(item.number)
    if run is None:
        return "later"
    if run.state in ENDED and not blocked(run):
        return "finished"
    if waiting(view, run):
        return "waiting"
    return "" if run.state not in (State.READY, State.RUNNING) else "moving"


FOLDS = {
    "moving": lazy("Under way"),
    "waiting": lazy("Waiting"),
    "later": lazy("Not begun"),
    "finished": lazy("Finished"),
}


def folds_of(view: Overview, phase: Phase, items: list[ChecklistItem]) -> tuple[StepFoldCard, ...]:
    found = {key: [item for item in items if rests(view, item) == key] for key in FOLDS}
    return tuple(
        StepFoldCard(f"{phase.value}-{key}", FOLDS[key], tuple(row(view, item) for item in some))
        for key, some in found.items()
        if some
    )


def open_rows(view: Overview, items: list[ChecklistItem]) -> list[StepRowCard]:
    """Those of a long phase that need somebody, the reader's own first."""
    found = [item for item in items if not rests(view, item)]
    found.sort(key=lambda item: not needs_reader(view, view.by_number[item.number]))
    return [row(view, item) for item in found]


def bundle_of(item: ChecklistItem) -> str:
    """The id of the line under which an item is folded: all rotations of one workspace. Empty for all others."""
    return f"keys-{item.workspace_id}" if "source_id" in item.target else ""


def folded(view: Overview, items: list[ChecklistItem], show: str) -> Iterator[StepRowCard | StepBundleCard]:
    """The rows of a phase. Whoever asks for some of them, such as what needs them, gets these rows unfolded."""
    for key, some in groupby(items, bundle_of):
        found = list(some)
        if key and show == "all":
            yield bundle(view, key, found)
        else:
            yield from (row(view, item) for item in found)


def bundle(view: Overview, key: str, items: list[ChecklistItem]) -> StepBundleCard:
    sources = len({item.target["source_id"] for item in items})
    place = items[0].workspace.name if items[0].workspace else ""
    title = ngettext(
        "Write keys of %(n)d source in %(place)s", "Write keys of %(n)d sources in %(place)s", sources
    )
    return StepBundleCard(
        id=key,
        title=title % {"n": sources, "place": place},
        done=sum(1 for item in items if view.states.get(item.number) in ENDED),
        total=len(items),
        steps=tuple(row(view, item) for item in items),
        worst=worst([tag_of(view.by_number.get(item.number)) for item in items], f"{key}-worst"),
    )


def bundles(view: Overview, changed: list[ChecklistItem]) -> tuple[StepBundleCard, ...]:
    """The folded lines that these items stand under, as they are now."""
    keys = {bundle_of(item) for item in changed} - {""}
    return tuple(
        bundle(view, key, [item for item in view.items if bundle_of(item) == key]) for key in sorted(keys)
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
    """What changed since a page last looked: rows, counts and worst states of phases; or the whole list.

    Of long phases, all of it: a step that moves on may stand in another fold.
    """

    rows: tuple[StepRowCard, ...]
    sections: tuple[StepGroupCard, ...]
    groups: tuple[StepGroupCard | StepBundleCard, ...]
    whole: ChecklistCard | None
    filters: TabsCard


def news(view: Overview, seen: Version | None, show: str) -> NewsCard:
    if seen is None or seen.stage != view.removal.stage or show != "all":
        return NewsCard((), (), (), checklist(view, show), filters(view, show))
    changed = [run.item for run in changed_since(view.runs, seen, view.clock)]
    touched = {item.phase for item in changed}
    phases = [
        (number, phase)
        for number, phase in numbered_phases({item.phase for item in view.items})
        if phase.value in touched
    ]
    sections = tuple(
        group(view, number, phase, view.items, "all") for number, phase in phases if is_long(view, phase)
    )
    groups = tuple(
        group(view, number, phase, [], "all") for number, phase in phases if not is_long(view, phase)
    )
    whole = {section.id for section in sections}
    single = [item for item in changed if item.phase not in whole]
    counts: tuple[StepGroupCard | StepBundleCard, ...] = (*groups, *bundles(view, single))
    return NewsCard(tuple(row(view, item) for item in single), sections, counts, None, filters(view, show))


def parts(view: Overview) -> str:
    """The ids that an answer to a poll may bring, for `hx-select-oob`."""
    phases = {item.phase: None for item in view.items}
    ids = ["removal-head", "removal-attention", "removal-tabs", "removal-filters", "checklist"]
    ids += [phase for phase in phases if is_long(view, Phase(phase))]
    folds = {key: None for item in view.items if (key := bundle_of(item))}
    ids += [f"{each}-{part}" for each in (*phases, *folds) for part in ("count", "worst")]
    ids += [f"step-{item.number}" for item in view.items]
    return ",".join(f"#{each}" for each in ids)
