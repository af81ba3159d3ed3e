"""The checklist: phases, their steps, what is worst, and which rows are new since a page last asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.checklist.models import ChecklistItem
from offboarding.checklist.rules import PHASES, Phase, numbered_phases
from offboarding.execution.models import Run
from offboarding.web.cards import (
    PagerCard,
    RestCard,
    StepBundleCard,
    StepFoldCard,
    StepGroupCard,
    StepRowCard,
    TabCard,
    TabsCard,
)
from offboarding.web.paging import pager
from offboarding.web.removal.overview import Overview, Version, changed_since
from offboarding.web.removal.states import blocked, facts_of, tag_of, worst
from offboarding.work.rules import ENDED, State

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Wanted = Callable[[Overview, Run], bool]
LONG = 12  # steps of a phase that are read at a glance
MANY = 50  # steps of one state in a long phase that stand on its page; all of them are a page's own
PAGE = 100  # steps of such a page


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
    empty: str
    part: StrOrPromise = ""  # which part of a phase is shown alone
    pager: PagerCard | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader asked for: a key of FILTERS, or a fold of a phase such as "remove-finished", and which page of it."""

    show: str = "all"
    page: str = ""  # as it was typed

    @property
    def part(self) -> tuple[str, str] | None:
        """Phase and fold; None for the filters."""
        phase, _, fold = self.show.rpartition("-")
        return (phase, fold) if phase in set(Phase) and fold in FOLDS else None

    @property
    def known(self) -> bool:
        return self.show in FILTERS or self.part is not None

    @property
    def query(self) -> dict[str, str]:
        """As it stands in the address; what goes without saying is left out."""
        given = {"show": self.show if self.show != "all" else "", "page": self.page}
        return {name: value for name, value in given.items() if value}


ALL = Shown()


def checklist(view: Overview, shown: Shown) -> ChecklistCard:
    numbered = numbered_phases({item.phase for item in view.items})
    if shown.show == "all":
        phases = by_phase(view.items)
        groups = (group(view, number, phase, phases[phase]) for number, phase in numbered if phase in phases)
        return ChecklistCard(filters(view, shown), tuple(groups), "" if phases else nothing(shown))
    here = Paginator([item for item in view.items if is_wanted(view, item, shown)], PAGE).get_page(shown.page)
    phases, whole = by_phase(here), by_phase(view.items)
    return ChecklistCard(
        filters(view, shown),
        tuple(
            some_of(view, number, phase, phases[phase], whole[phase])
            for number, phase in numbered
            if phase in phases
        ),
        "" if phases else nothing(shown),
        FOLDS[shown.part[1]] if shown.part else "",
        pager(here, {"show": shown.show}, by_time=False),
    )


def is_wanted(view: Overview, item: ChecklistItem, shown: Shown) -> bool:
    if shown.part:
        return (item.phase, rests(view, item)) == shown.part
    run = view.by_number.get(item.number)
    return run is not None and FILTERS[shown.show][1](view, run)


def by_phase(items: Iterable[ChecklistItem]) -> dict[str, list[ChecklistItem]]:
    found: dict[str, list[ChecklistItem]] = {}
    for item in items:
        found.setdefault(item.phase, []).append(item)
    return found


def nothing(shown: Shown) -> str:
    words = {
        "mine": _("No step needs you now."),
        "failed": _("No step has failed."),
        "waiting": _("No step is waiting."),
    }
    return words.get(shown.show, _("No steps."))


def filters(view: Overview, shown: Shown) -> TabsCard:
    tabs = []
    for key, (label, wanted) in FILTERS.items():
        word = _("Needs a person") if key == "mine" and view.why_not else label
        count = sum(1 for run in view.runs if wanted(view, run)) if key != "all" else ""
        url = f"{view.url}checklist/" + (f"?show={key}" if key != "all" else "")
        tabs.append(TabCard(str(word), url, key == shown.show, count))
    return TabsCard(_("Show steps"), tuple(tabs), "filters")


def group(view: Overview, number: int, phase: Phase, own: list[ChecklistItem]) -> StepGroupCard:
    """A phase with all its steps. Of a long one, the first of each kind."""
    if len(own) <= LONG:
        return phase_card(view, number, phase, own, tuple(folded(view, own)))
    folds = [fold(view, phase, key, own) for key in FOLDS if key != OPEN]
    needy = fold(view, phase, OPEN, own)
    return phase_card(
        view, number, phase, own, needy.steps, tuple(each for each in folds if each.steps), needy.rest
    )


def some_of(
    view: Overview, number: int, phase: Phase, some: list[ChecklistItem], own: list[ChecklistItem]
) -> StepGroupCard:
    """A phase with those of its steps that were asked for. It stays open."""
    card = phase_card(view, number, phase, own, tuple(row(view, item) for item in some))
    return replace(card, done=min(card.done, len(own) - 1))


def phase_card(
    view: Overview,
    number: int,
    phase: Phase,
    own: list[ChecklistItem],
    steps: tuple[StepRowCard | StepBundleCard, ...],
    folds: tuple[StepFoldCard, ...] = (),
    rest: RestCard | None = None,
) -> StepGroupCard:
    return StepGroupCard(
        id=phase.value,
        title=f"{number} {PHASES[phase]}",
        done=sum(1 for item in own if view.states.get(item.number) in ENDED),
        total=len(own),
        steps=steps,
        worst=worst([tag_of(view.by_number.get(item.number)) for item in own], f"{phase.value}-worst"),
        folds=folds,
        rest=rest,
    )


def rests(view: Overview, item: ChecklistItem) -> str:
    """The fold of a long phase in which this step stands."""
    run = view.by_number.get(item.number)
    if run is None:
        return "later"
    if run.state in ENDED and not blocked(run):
        return "finished"
    if waiting(view, run):
        return "waiting"
    return OPEN if run.state not in (State.READY, State.RUNNING) else "moving"


OPEN = "open"  # what needs somebody is not folded away
FOLDS = {
    OPEN: lazy("Needs somebody"),
    "moving": lazy("Under way"),
    "waiting": lazy("Waiting"),
    "later": lazy("Not begun"),
    "finished": lazy("Finished"),
}


def fold(view: Overview, phase: Phase, key: str, own: list[ChecklistItem]) -> StepFoldCard:
    found = [item for item in own if rests(view, item) == key]
    if key == OPEN:  # the reader's own first
        found.sort(key=lambda item: not needs_reader(view, view.by_number[item.number]))
    id = f"{phase.value}-{key}"
    rest = RestCard(len(found), f"{view.url}checklist/?show={id}") if len(found) > MANY else None
    return StepFoldCard(id, FOLDS[key], len(found), tuple(row(view, item) for item in found[:MANY]), rest)


def bundle_of(item: ChecklistItem) -> str:
    """The id of the line under which an item is folded: all rotations of one workspace. Empty for all others."""
    return f"keys-{item.workspace_id}" if "source_id" in item.target else ""


def folded(view: Overview, items: list[ChecklistItem]) -> Iterator[StepRowCard | StepBundleCard]:
    """The rows of a phase."""
    for key, some in groupby(items, bundle_of):
        if key:
            yield bundle(view, key, list(some))
        else:
            yield from (row(view, item) for item in some)


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


def news(view: Overview, seen: Version | None, shown: Shown) -> NewsCard:
    if seen is None or seen.stage != view.removal.stage or shown != ALL:
        return NewsCard((), (), (), checklist(view, shown), filters(view, shown))
    changed = [run.item for run in changed_since(view.runs, seen, view.clock)]
    touched, phases = {item.phase for item in changed}, by_phase(view.items)
    sections: list[StepGroupCard] = []
    counts: list[StepGroupCard | StepBundleCard] = []
    for number, phase in numbered_phases(set(phases)):
        if phase in touched:
            where = sections if len(phases[phase]) > LONG else counts
            where.append(group(view, number, phase, phases[phase]))
    whole = {section.id for section in sections}
    single = [item for item in changed if item.phase not in whole]
    counts += bundles(view, single)
    rows = tuple(row(view, item) for item in single)
    return NewsCard(rows, tuple(sections), tuple(counts), None, filters(view, shown))


def parts(view: Overview) -> str:
    """The ids that an answer to a poll may bring, for `hx-select-oob`."""
    ids = ["removal-head", "removal-attention", "removal-tabs", "removal-filters", "checklist"]
    for phase, items in by_phase(view.items).items():
        if len(items) > LONG:
            ids.append(phase)
            continue
        folds = dict.fromkeys(key for item in items if (key := bundle_of(item)))
        ids += [f"{each}-{part}" for each in (phase, *folds) for part in ("count", "worst")]
        ids += [f"step-{item.number}" for item in items]
    return ",".join(f"#{each}" for each in ids)
