"""What arrives: each source, destination and warehouse before the work and after it, what is worse on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.execution.models import Run
from offboarding.verification.comparing import CONNECTED, FAILED, Kind, Line, Reading, percent, reading
from offboarding.verification.models import Measurement
from offboarding.verification.queries import measurements_of
from offboarding.web.cards import TagCard
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.states import blocked
from offboarding.work.rules import ENDED, State

BEFORE, AFTER = "verify.measure_before", "verify.measure_after"
SHOWN = 5
NOTHING = "–"
KINDS = {
    Kind.SOURCE: lazy("Source"),
    Kind.DESTINATION: lazy("Destination"),
    Kind.WAREHOUSE: lazy("Warehouse"),
}
STATES = {CONNECTED: lazy("Connected"), FAILED: lazy("Fails")}


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    name: str
    kind: str
    before: str
    after: str
    change: str
    tag: TagCard | None = None


@dataclass(frozen=True, slots=True)
class PlaceArrivals:
    workspace: str
    tag: TagCard
    open: bool  # what fell is in sight; the rest is one line a workspace
    says: tuple[str, ...]
    step_url: str
    before: str
    after: str
    rows: tuple[ArrivalRow, ...]
    more: tuple[ArrivalRow, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The newest measurements of one workspace."""

    before: Measurement | None
    after: Measurement | None


def arrives(view: Overview) -> tuple[PlaceArrivals, ...]:
    """One part a workspace that is measured, once its first measurement is there or known not to come. One query."""
    runs = {
        (run.item.workspace_id, run.item.step): run for run in view.runs if run.item.step in (BEFORE, AFTER)
    }
    if not runs:
        return ()
    pairs = by_workspace(measurements_of(view.plan))
    parts = [
        place(view, pairs.get(key, Pair(None, None)), run, runs.get((key, AFTER)))
        for (key, step), run in runs.items()
        if step == BEFORE and (key in pairs or run.state in ENDED)
    ]
    return tuple(sorted(parts, key=lambda part: part.tag.state != "failed"))


def by_workspace(found: Sequence[Measurement]) -> dict[int | None, Pair]:
    pairs: dict[int | None, Pair] = {}
    for each in found:
        key = each.attempt.run.item.workspace_id
        known = pairs.get(key, Pair(None, None))
        late = each.when == Measurement.When.AFTER
        pairs[key] = Pair(known.before, each) if late else Pair(each, known.after)
    return pairs


def place(view: Overview, pair: Pair, first: Run, last: Run | None) -> PlaceArrivals:
    before = reading(pair.before.data) if pair.before else None
    after = reading(pair.after.data) if pair.after else None
    fell = {(Kind(kind), key) for kind, key in pair.after.fell} if pair.after else set()
    rows = [row(*lines, lines_key(lines) in fell) for lines in both(before, after, fell)]
    stopped = last is not None and blocked(last)
    shown = last if stopped or (last and pair.after) else first
    assert shown is not None
    return PlaceArrivals(
        workspace=first.item.workspace.name if first.item.workspace else "",
        tag=tag(pair, last, bool(fell)),
        open=bool(fell) and last is not None and last.state not in ENDED,
        says=tuple(says(view, pair, before, after, first)),
        step_url=f"{view.url}steps/{shown.item.number}/",
        before=head_before(view, before, after),
        after=head_after(view, after) if after else "",
        rows=tuple(rows[:SHOWN]),
        more=tuple(rows[SHOWN:]),
    )


def lines_key(lines: tuple[Line | None, Line | None]) -> tuple[Kind, str]:
    line = lines[1] or lines[0]
    assert line is not None
    return line.key


def both(
    before: Reading | None, after: Reading | None, fell: set[tuple[Kind, str]]
) -> list[tuple[Line | None, Line | None]]:
    """The same thing before and after, side by side: what fell first, then sources with the most events."""
    then, now = (before.by_key if before else {}), (after.by_key if after else {})
    order = {kind: at for at, kind in enumerate((Kind.SOURCE, Kind.WAREHOUSE, Kind.DESTINATION))}

    def rank(key: tuple[Kind, str]) -> tuple[bool, int, int]:
        events = [line.events or 0 for line in (then.get(key), now.get(key)) if line]
        return key not in fell, order[key[0]], -max(events)

    keys = sorted(dict.fromkeys([*then, *now]), key=rank)
    return [(then.get(key), now.get(key)) for key in keys]


def row(before: Line | None, after: Line | None, fell: bool) -> ArrivalRow:
    line = after or before
    assert line is not None
    earlier = after.earlier if after and after.earlier is not None else (before.events if before else None)
    return ArrivalRow(
        name=line.name,
        kind=str(KINDS[line.kind]),
        before=cell(before, earlier) if before else (number(earlier) or NOTHING),
        after=cell(after, after.events) if after else NOTHING,
        change="" if fell else change(before, after),
        tag=TagCard("failed", worse(before, after)) if fell else None,
    )


def cell(line: Line, events: int | None) -> str:
    """What is known of one thing at one moment: its state, then its events."""
    if line.enabled is False:
        return _("Disabled")
    if line.state:
        return str(STATES.get(line.state, line.state.replace("_", " ").capitalize()))
    return number(events) or (_("Enabled") if line.enabled else NOTHING)


def number(events: int | None) -> str:
    return f"{events:,}" if events is not None else ""


def change(before: Line | None, after: Line | None) -> str:
    if after is None:
        return NOTHING
    share = percent(after)
    if share:
        return _("%(share)+d %%") % {"share": share}
    unchanged = share == 0 or (before is not None and same(before, after) and after.events is None)
    return _("As before") if unchanged else NOTHING


def same(before: Line, after: Line) -> bool:
    return (before.enabled, before.state) == (after.enabled, after.state)


def worse(before: Line | None, after: Line | None) -> str:
    if after is None:
        return _("Gone")
    if before and before.enabled and after.enabled is False:
        return _("No longer enabled")
    if after.state == FAILED:
        return _("No longer connected")
    share = percent(after)
    return _("Fell by %(share)d %%") % {"share": -share} if share is not None else _("Fell")


def tag(pair: Pair, last: Run | None, fell: bool) -> TagCard:
    if fell and last and last.state in ENDED:
        return TagCard("needs_person", _("Fell, and a person decided"))
    if fell:
        return TagCard("failed", _("Less arrives"))
    if last and last.state == State.DONE and pair.after:
        return (
            TagCard("verified", _("As much as before")) if last.ended != "nothing to do" else TagCard("done")
        )
    if pair.after:
        return TagCard("waiting", _("Being watched"))
    return TagCard("not_started", _("Measured before")) if pair.before else TagCard("waiting", _("Not known"))


def says(view: Overview, pair: Pair, before: Reading | None, after: Reading | None, first: Run) -> list[str]:
    told = []
    if pair.before:
        told.append(_("Measured %(when)s.") % {"when": view.clock.says(pair.before.at)})
    else:
        told.append(
            first.sentence or _("Nothing was measured before the work, so there is nothing to compare.")
        )
    if after and pair.after:
        told.append(_("Measured again %(when)s.") % {"when": view.clock.says(pair.after.at)})
        if not after.start:
            told.append(_("Events are counted after the watch."))
    told += [f"{what.capitalize()}: {why}." for what, why in (after or before or Reading()).unknown]
    return told


def head_before(view: Overview, before: Reading | None, after: Reading | None) -> str:
    """Which stretch of time the numbers of the column are from."""
    if after and any(line.earlier is not None for line in after.lines):
        return _("Before, same time of day")
    if before and before.end:
        return _("Before, 24 h until %(when)s") % {"when": view.clock.short(moment(before.end))}
    return _("Before")


def head_after(view: Overview, after: Reading) -> str:
    if after.start:
        begins, ends = view.clock.short(moment(after.start)), view.clock.short(moment(after.end))
        same_day = begins.split(" ")[:-1] == ends.split(" ")[:-1]
        until = ends.split(" ")[-1] if same_day else ends
        return _("After, %(begins)s to %(ends)s") % {"begins": begins, "ends": until}
    return _("After")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
