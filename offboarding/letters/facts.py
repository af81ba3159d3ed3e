"""What a letter may say: only what fresh reads showed, and beside it everything that they did not. Pure.

Facts are plain values for canonical JSON. They change only when what they say changes: a later read that shows the same
leaves them as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from offboarding.checklist.rules import Phase
from offboarding.execution.models import Run
from offboarding.execution.rules import Ended, Seen
from offboarding.ledger.rules import iso
from offboarding.lib.masking import mask_text
from offboarding.verification.models import Finding
from offboarding.verification.queries import PlaceStanding
from offboarding.verification.rules import Now
from offboarding.work.rules import ENDED, State

Facts = dict[str, Any]
# Steps of these phases say whether something may still be open to the person.
MATTERS = (Phase.REMOVE, Phase.ROTATE, Phase.VERIFY)
LISTS = (
    "removed",
    "read_only",
    "reduced",
    "kept",
    "unverified",
    "by_hand",
    "skipped",
    "not_done",
    "not_known",
)
# What a fresh read shows where it is as planned. Only the first says that nothing is left.
SEEN_AS = {"remove": "removed", "downgrade": "read_only", "reduce": "reduced"}
RETURNS = "It was removed and read again; access is to be given again there."
TOKENS = (
    "API tokens: Segment does not list them. What a person did about them is among the steps done by hand."
)
KEYS = "Replace the write keys of the source %(source)s"
SHARED = "A step that concerns several clients"
WHY = {
    Now.NOT_STARTED: "The work there has not begun.",
    Now.WAITING: "The work there has not ended.",
    Now.RUNNING: "The work there has not ended.",
    Now.NEEDS_PERSON: "A step there waits for a person.",
    Now.CAME_BACK: "The last read showed access again.",
    Now.SKIPPED: "It was not read again: the check was skipped.",
}


def described(
    head: Mapping[str, Any],
    places: Sequence[PlaceStanding],
    others: Sequence[PlaceStanding],
    runs: Iterable[Run],
    findings: Sequence[Finding],
    not_known: Sequence[str],
) -> Facts:
    """The facts about one client's places. `others` are the request's places of other clients: nothing of them is said."""
    facts: Facts = {"v": 1, **head, **{name: [] for name in LISTS}}
    for place in places:
        name, row = place_row(place, findings)
        facts[name].append(row)
    own = {place.workspace_id for place in places}
    mine = [run for run in runs if run.item.phase in MATTERS and concerns(run, own) and not helps(run)]
    steps = [run for run in mine if not run.item.target.get("source_id") and step_list(run)]
    shared = [run for run in steps if others and run.item.workspace_id is None]
    for run in steps:
        if run not in shared:
            facts[step_list(run)].append(step_row(run))
    for name, row in unnamed(shared):
        facts[name].append(row)
    for name, row in rotations(run for run in mine if run.item.target.get("source_id")):
        facts[name].append(row)
    facts["not_known"] = unknown(places, others, not_known)
    return facts


def place_row(place: PlaceStanding, findings: Sequence[Finding]) -> tuple[str, dict[str, str]]:
    """In which list a place stands, and its row there: every place stands in exactly one."""
    row = {"what": place.workspace, "where": place.environment}
    if place.now is Now.KEPT:
        why = place.planned.removeprefix("Keep: ") if place.choice == "keep" else place.says
        return "kept", {**row, "says": mask_text(why)}
    if place.now is Now.VERIFIED and (at := gone_since(place.workspace_id, findings)):
        if any(run.item.phase == Phase.RETURN for run in place.runs):
            return "unverified", {**row, "says": RETURNS}
        name = SEEN_AS.get(place.choice, "unverified")
        return name, {**row, "at": at, **({} if name == "removed" else {"says": mask_text(place.planned)})}
    return "unverified", {**row, "says": WHY.get(place.now) or f"{place.says}."}


def gone_since(workspace: int, findings: Sequence[Finding]) -> str:
    """When a read first showed what every later one has shown, too; empty if the newest shows something else."""
    since = ""
    for finding in findings:
        if finding.attempt.run.item.workspace_id == workspace:
            since = (since or iso(finding.at)) if finding.seen == Seen.ABSENT else ""
    return since


def helps(run: Run) -> bool:
    """It measures, or fetches records: what the person can reach does not hang on it."""
    return run.item.step.startswith(("verify.measure", "verify.audit"))


def rotations(runs: Iterable[Run]) -> Iterable[tuple[str, dict[str, str]]]:
    """The keys of one source are one line, however many steps their rotation has; nothing once the old ones are gone."""
    by_source: dict[str, list[Run]] = {}
    for run in runs:
        by_source.setdefault(run.item.target["source_id"], []).append(run)
    for each in by_source.values():
        names = {step_list(run) for run in each}
        name = next((one for one in ("not_done", "skipped") if one in names), "")
        if name:
            item = each[0].item
            what = KEYS % {"source": item.target.get("source", item.target["source_id"])}
            yield name, {"what": mask_text(what), "where": item.workspace.name if item.workspace else ""}


def concerns(run: Run, own: set[int]) -> bool:
    return run.item.workspace_id is None or run.item.workspace_id in own


def step_list(run: Run) -> str:
    if run.ended == Ended.BY_HAND:
        return "by_hand"
    if run.ended in (Ended.WAIVED, Ended.CANCELLED):
        return "skipped"
    if run.item.phase == Phase.VERIFY and run.item.step == "verify.place":
        return ""  # its place says it
    return "" if State(run.state) in ENDED else "not_done"


def step_row(run: Run) -> dict[str, str]:
    place = run.item.workspace.name if run.item.workspace else ""
    where = "" if place in run.item.title else place
    return {"what": mask_text(run.item.title), "where": where, **done_at([run])}


def unnamed(shared: Iterable[Run]) -> Iterable[tuple[str, dict[str, str]]]:
    """Steps whose titles may name another client's things: of each list only how many there are."""
    by_list: dict[str, list[Run]] = {}
    for run in shared:
        by_list.setdefault(step_list(run), []).append(run)
    for name, runs in by_list.items():
        what = SHARED if len(runs) == 1 else f"{len(runs)} steps that concern several clients"
        yield name, {"what": what, "where": "", **done_at(runs)}


def done_at(runs: Sequence[Run]) -> dict[str, str]:
    """When the last of them was signed off by a person."""
    ends = [run.ended_at for run in runs if run.ended_at and run.ended == Ended.BY_HAND]
    return {"at": iso(max(ends))} if ends else {}


def unknown(
    places: Sequence[PlaceStanding], others: Sequence[PlaceStanding], told: Sequence[str]
) -> list[dict[str, str]]:
    """What could not be read at all. Lines that may be about another client's place of the same name are left out."""
    names = {place.workspace for place in places} - {place.workspace for place in others}
    lines = [line for line in told if any(line.startswith(f"{name}: ") for name in names)]
    changed = [place for place in places if place.choice != "keep"]
    return [{"what": each, "where": ""} for each in [*lines, *([TOKENS] if changed else [])]]


def whole(facts: Mapping[str, Any]) -> bool:
    """True if every place is verified or kept on purpose, and every step that matters has ended."""
    return any(facts[name] for name in SEEN_AS.values()) and not any(
        facts[name] for name in ("unverified", "skipped", "not_done")
    )


NAMES = {
    "removed": "removed",
    "read_only": "read-only",
    "reduced": "taken away in part",
    "kept": "kept on purpose",
    "unverified": "not verified",
    "by_hand": "done by hand",
    "skipped": "skipped",
    "not_done": "not done yet",
    "not_known": "not known",
}


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What changed, in a sentence or two; empty if nothing did."""
    rows = rows_of(before), rows_of(now)
    shared = {what for each in rows for what, n in Counter(what for what, *_ in each).items() if n > 1}
    was, is_ = (where_each_stands(each, shared) for each in rows)
    told = [
        f"{what} was {old or 'not there'} and is {new or 'not there any more'}"
        for what in dict.fromkeys([*was, *is_])
        for old, new in moves(was.get(what, []), is_.get(what, []))
    ]
    if not told and dict(before) != dict(now):
        told = ["a time or a name in it is another one now"]
    more = f"; and {len(told) - 3} more" if len(told) > 3 else ""
    return f"{'; '.join(told[:3])}{more}." if told else ""


def rows_of(facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What, where, and how it stands."""
    return [(row["what"], row.get("where", ""), NAMES[name]) for name in LISTS for row in facts.get(name, ())]


def where_each_stands(rows: Iterable[tuple[str, str, str]], shared: Collection[str]) -> dict[str, list[str]]:
    """By its title, and by its place too where several have that title (`shared`). Even so it may stand for several."""
    found: dict[str, list[str]] = {}
    for what, where, state in rows:
        found.setdefault(f"{what} ({where})" if where and what in shared else what, []).append(state)
    return found


def moves(was: Sequence[str], is_: Sequence[str]) -> Iterable[tuple[str, str]]:
    """From which state to which, of those that moved; empty on one side for what came or went."""
    gone, come = Counter(was) - Counter(is_), Counter(is_) - Counter(was)
    return zip_longest(gone.elements(), come.elements(), fillvalue="")
