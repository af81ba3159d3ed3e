"""What an auditor should read first: exceptions, and what is not known. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from offboarding.checklist.models import Plan
from offboarding.checklist.risks import HERE, alike
from offboarding.checklist.rules import Kind
from offboarding.execution.models import Proof, Run
from offboarding.execution.rotation.rules import REMOVE
from offboarding.execution.rules import Ended, Seen
from offboarding.ledger.rules import iso
from offboarding.lib.typesetting.times import span
from offboarding.packets import contents as made
from offboarding.packets.decisions import named
from offboarding.packets.report.folding import ranges
from offboarding.packets.shelf import Shelf
from offboarding.packets.words import listed, old_keys
from offboarding.removals.models import Attachment
from offboarding.verification.queries import PlaceStanding
from offboarding.verification.rules import Now
from offboarding.work.rules import ENDED


def exceptions(
    runs: Iterable[Run], places: Sequence[PlaceStanding], stood: Sequence[made.Place], shelf: Shelf
) -> Iterable[made.Remark]:
    """What an auditor should read first."""
    runs = list(runs)
    if cut_off := [run for run in runs if run.ended == Ended.CANCELLED]:
        yield cancelled_rest(cut_off)
    yield from unfinished(runs)
    for run in runs:
        if run.ended == Ended.WAIVED:
            yield made.Remark(
                run.item.title, f"Skipped by {run.ended_by.name if run.ended_by else '?'}: {run.note}"
            )
        yield from otherwise(run)
        yield from (taken_back(proof, run.item.title) for proof in run.proofs.all() if proof.withdrawn_at)
    for each, told in zip(places, stood, strict=True):
        if each.now not in (Now.VERIFIED, Now.KEPT):
            yield made.Remark(
                each.workspace, f"Not verified by a fresh read: {each.says}.", proofs_of(each, shelf)
            )
        elif told.clocks.late_reason:
            yield made.Remark(each.workspace, late(told), told.evidence)


def otherwise(run: Run) -> Iterable[made.Remark]:
    """What was done and is not in the approved plan, or not as it says."""
    if run.item.added_at and run.item.added_by:
        told = f"Not in the approved plan: added {iso(run.item.added_at)} by {named(run.item.added_by)}."
        yield made.Remark(run.item.title, told)
    if run.ended == Ended.BY_HAND and run.item.kind != Kind.MANUAL:
        who = named(run.ended_by) if run.ended_by else "?"
        yield made.Remark(
            run.item.title, f"Automatic in the plan, done by hand by {who}: {run.note or run.sentence}"
        )


def taken_off(attached: Iterable[Attachment]) -> Iterable[made.Remark]:
    return (taken_back(each, "Attached to the request") for each in attached if each.withdrawn_at)


def taken_back(proof: Proof | Attachment, where: str) -> made.Remark:
    """Where the file was: its bytes are not in the packet."""
    file, who = proof.evidence, named(proof.withdrawn_by) if proof.withdrawn_by else "?"
    told = f"{file.name} ({file.size} bytes, SHA-256 {file.sha256}) was taken back by {who}"
    return made.Remark(where, f"{told}: {proof.withdrawn_because or 'no reason given'}.")


def late(told: made.Place) -> str:
    took = span(told.clocks.elapsed_minutes or 0)
    return f"Late: {took} of {told.clocks.target_hours} h allowed. First cause: {told.clocks.late_reason}."


def proofs_of(each: PlaceStanding, shelf: Shelf) -> tuple[int, ...]:
    numbers = [
        number
        for run in each.runs
        for proof in run.proofs.all()
        if not proof.withdrawn_at
        for number in shelf.number(proof.evidence)
    ]
    return tuple(dict.fromkeys(numbers))


def unknowns(plan: Plan, places: Sequence[PlaceStanding], shelf: Shelf) -> Iterable[made.Remark]:
    """What was not known from the beginning, and places that the newest look could not see."""
    names = [place["workspace"] for place in plan.data["places"]]
    for says, where in alike(plan.data["not_known"], names).items():
        yield made.Remark("Not known when the plan was made", says.replace(HERE, listed(where)))
    for each in places:
        if each.finding and each.finding.seen == Seen.UNKNOWN and each.now is not Now.KEPT:
            yield made.Remark(each.workspace, each.finding.says, shelf.number(each.finding.attempt.exchanges))


def cancelled_rest(runs: Sequence[Run]) -> made.Remark:
    """One remark for all: each of the steps says so itself too."""
    user, numbers = runs[0].ended_by, ranges((run.item.number for run in runs), most=None)
    sentence = (
        f"Cancelled by {named(user) if user else '?'}: {runs[0].note}. Steps that were not done: {numbers}."
    )
    return made.Remark("What was left was cancelled", sentence)


def unfinished(runs: Iterable[Run]) -> Iterable[made.Remark]:
    """What the packet was sealed without: keys that still work, and other steps. Those with a date are in the plan."""
    steps = [
        run for run in runs
        if run.state not in ENDED and not run.item.at and run.item.step != "packet.seal"
    ]  # fmt: skip
    if keys := [run for run in steps if run.item.step == REMOVE]:
        yield old_keys(Counter(run.item.workspace.name for run in keys if run.item.workspace))
    if rest := [run.item.number for run in steps if not rotates_a_key(run)]:
        numbers = ranges(rest, most=None)
        yield made.Remark("Not finished when this was sealed", f"Steps that had not ended: {numbers}.")


def rotates_a_key(run: Run) -> bool:
    """Each of its four steps hangs on the same source."""
    return "source_id" in run.item.target
