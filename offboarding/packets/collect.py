"""From the rooms of the river to the contents of a packet. Reads only."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from offboarding.approvals.models import Approval
from offboarding.checklist.models import Plan
from offboarding.checklist.queries import newest_plan
from offboarding.checklist.rules import Kind
from offboarding.emergencies.models import Emergency
from offboarding.emergencies.queries import emergency_of
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Ended
from offboarding.ledger.models import Checkpoint, Entry
from offboarding.ledger.queries import entries_about
from offboarding.ledger.rules import iso
from offboarding.ledger.tiles import Stored
from offboarding.lib.merkle import Nodes
from offboarding.packets import contents as made
from offboarding.packets.clocks import clocks, since_when, when
from offboarding.packets.decisions import approval, approvals_of, fallen, named, without_approval, words_of
from offboarding.packets.keys import credentials
from offboarding.packets.letters import in_order, letters
from offboarding.packets.models import Packet
from offboarding.packets.remarks import exceptions, taken_off, unknowns
from offboarding.packets.resources import resources
from offboarding.packets.shelf import Shelf, old_of
from offboarding.packets.stamped import stamp_of
from offboarding.packets.told import addenda, messages
from offboarding.packets.words import listed
from offboarding.removals.models import Attachment, RemovalRequest
from offboarding.removals.queries import places_of
from offboarding.verification.models import Finding, Trace
from offboarding.verification.queries import PlaceStanding, findings_of, kept_at_the_start, standings
from offboarding.verification.rules import Now
from offboarding.verification.traced import traces_of, trail_attempts
from offboarding.verification.trail import found as trail_says
from offboarding.work.rules import State

NOW_WORDS = {
    Now.KEPT: "kept",
    Now.NOT_STARTED: "not started",
    Now.WAITING: "waiting",
    Now.RUNNING: "running",
    Now.CALLED: "done, not verified",
    Now.VERIFIED: "verified",
    Now.NEEDS_PERSON: "needs a person",
    Now.CAME_BACK: "came back",
    Now.SKIPPED: "skipped",
}
KINDS = {Kind.AUTOMATIC: "automated", Kind.MANUAL: "manual", Kind.VERIFICATION: "verification"}


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is read of one closed removal. `before`: the numbers of what each workspace answered before."""

    packet: Packet
    removal: RemovalRequest
    sealed: datetime
    plan: Plan
    runs: Sequence[Run]
    findings: Sequence[Finding]
    places: Sequence[PlaceStanding]
    attached: Sequence[Attachment]
    decided: Sequence[Approval]
    emergency: Emergency | None
    before: Mapping[int, tuple[int, ...]]
    segment_ids: Mapping[int, str]
    shelf: Shelf

    def accounts(self, workspace_id: int) -> str:
        """The addresses under which the person was found there."""
        held = next(one for one in self.plan.data["places"] if one["workspace_id"] == workspace_id)
        known = [each["email"] for each in held["accounts"]] + list(held["invitations"])
        return ", ".join(dict.fromkeys(known))


def collect(packet: Packet, statement: Checkpoint, touch: Callable[[], None]) -> made.PacketContents:
    """Everything about one closed removal, as the packet's writer takes it.

    `touch` is called whenever a piece of evidence is opened: writing a large packet takes longer than one lease.
    Files have their numbers in the order in which they are met here, so this order is part of every packet.
    """
    known = read(packet, Shelf(touch))
    removal, shelf = known.removal, known.shelf
    work = work_of(known)
    stood = tuple(place(each, known) for each in known.places)
    told = in_order(messages(removal.reference, known.sealed), letters(removal, known.sealed, shelf))
    return made.PacketContents(
        **heading(known),
        **times(known),
        **agreed(known),
        **work,
        places=stood,
        credentials=credentials(removal.reference, known.runs, shelf),
        resources=tuple(resources(known.places, stood, known.plan)),
        messages=tuple(told),
        **remarks(known, stood),
        evidence=tuple(shelf.pieces.values()),
        checkpoint=made.Checkpoint(
            bytes(statement.body),
            b64decode(statement.signature),
            statement.public_key.encode(),
            *stamp_of(statement),
        ),
        entries=entries(removal, statement),
        addenda=addenda(packet),
    )


def read(packet: Packet, shelf: Shelf) -> Known:
    """What was attached and what was there before have the first numbers."""
    removal = packet.removal
    plan = newest_plan(removal)
    assert plan and packet.sealed_at
    runs, findings = full_runs(plan), findings_of(removal)
    kept = kept_at_the_start([plan]).get(plan.pk, {}) if removal.emergency else {}
    attached = list(removal.attachments.select_related("evidence", "withdrawn_by"))
    for each in attached:
        shelf.number(None if each.withdrawn_at else each.evidence)
    looks = plan.snapshots.select_related("raw")
    return Known(
        packet=packet,
        removal=removal,
        sealed=packet.sealed_at,
        plan=plan,
        runs=runs,
        findings=findings,
        places=standings(plan, runs, findings, kept=kept),
        attached=attached,
        decided=approvals_of(removal),
        emergency=emergency_of(removal),
        before={look.workspace_id: shelf.number(look.raw) for look in looks},
        segment_ids={each.workspace_id: each.workspace.segment_id for each in places_of(removal)},
        shelf=shelf,
    )


def heading(known: Known) -> dict[str, Any]:
    """Whose access, why, and by whom."""
    removal, packet = known.removal, known.packet
    return {
        "reference": removal.reference,
        "title": title(removal, known.places),
        "version": packet.version,
        "person": made.Person(removal.person_name, tuple(removal.addresses)),
        "clients": tuple(sorted({each.client for each in known.places})),
        "requester": named(removal.requester),
        "reason": removal.reason_says,
        "ticket": removal.ticket,
        "sow": removal.sow,
        "executed_by": executed_by(known.runs),
        "handoff_notes": handoff_notes(removal, known.runs),
        "notes": tuple(note for note in (removal.notes,) if note),
        "emergency": known.emergency.incident if known.emergency else "",
    }


def times(known: Known) -> dict[str, Any]:
    removal, packet = known.removal, known.packet
    assert removal.filed_at and removal.closed_at
    return {
        "filed_at": iso(removal.filed_at),
        "approved_at": when(removal.approved_at),
        "started_at": when(removal.started_at),
        "closed_at": iso(removal.closed_at),
        "sealed_at": iso(known.sealed),
        "zone": removal.time_zone,
        "keep_until": packet.keep_until.isoformat() if packet.keep_until else "",
    }


def agreed(known: Known) -> dict[str, Any]:
    """The plan, what was decided on it, and where what was done is not what it says."""
    plan = known.plan
    return {
        "plan": plan.data,
        "plan_version": plan.version,
        "plan_fingerprint": plan.fingerprint,
        "approvals": (*map(approval, known.decided), *words_of(known.emergency, plan)),
        "differences": tuple(differences(known.runs)),
    }


def work_of(known: Known) -> dict[str, Any]:
    """Steps, tries, and what checks saw."""
    shelf, plan = known.shelf, known.plan
    return {
        "items": tuple(item(run, shelf) for run in known.runs),
        "runs": tuple(doing(run) for run in known.runs if run.attempts.all()),
        "findings": (
            *(finding_of(each, shelf) for each in known.findings),
            *(traced(each, shelf) for each in trail_attempts(plan)),
            *came_late(traces_of(plan, known.packet.created_at), shelf),
        ),
    }


def remarks(known: Known, stood: Sequence[made.Place]) -> dict[str, Any]:
    """What is read first."""
    return {
        "exceptions": (
            *without_approval(known.emergency),
            *fallen(known.decided),
            *taken_off(known.attached),
            *exceptions(known.runs, known.places, stood, known.shelf),
        ),
        "unknowns": tuple(unknowns(known.plan, known.places, known.shelf)),
    }


def title(removal: RemovalRequest, places: Sequence[PlaceStanding]) -> str:
    count = Counter(place.choice for place in places if place.choice != "keep")
    who, everywhere = removal.person_name or removal.email, workspaces(count.total())
    if removal.restores:
        return f"Temporary restoration for {who} in {everywhere}, after {removal.restores.reference}"
    if removal.stays:
        return f"Merging of {removal.email} into {removal.stays} in {everywhere}"
    less, read_only = count["reduce"], count["downgrade"]
    told = [
        ("Removal of {} from {}", count.total() - less - read_only),
        ("Reduction of {} in {}", less),
        ("Read-only access for {} in {}", read_only),
    ]
    (first, number), *more = [each for each in told if each[1]] or told[:1]
    rest = [f"{words.partition(' ')[0].lower()} in {number}" for words, number in more]
    return listed([first.format(who, workspaces(number)), *rest])


def workspaces(number: int) -> str:
    return f"{number} Segment {'workspace' if number == 1 else 'workspaces'}"


def full_runs(plan: Plan) -> list[Run]:
    beside = ("item__workspace", "item__added_by", "assigned_to", "ended_by")
    found = Run.objects.filter(item__plan=plan).select_related(*beside).order_by("item__number")
    proofs = ("proofs__evidence", "proofs__replaces__evidence", "proofs__withdrawn_by")
    return list(found.prefetch_related(*proofs, "attempts__exchanges"))


def item(run: Run, shelf: Shelf) -> made.Item:
    numbers = [
        number
        for proof in run.proofs.all()
        if not proof.withdrawn_at
        for number in shelf.number(proof.evidence, old_of(proof))
    ]
    numbers += [number for attempt in run.attempts.all() for number in shelf.number(attempt.exchanges)]
    return made.Item(
        number=run.item.number,
        phase=run.item.phase_says,
        kind=KINDS[Kind(run.item.kind)],
        title=run.item.title,
        state=state_says(run),
        by=run.ended_by.name if run.ended_by else ("Offboard" if run.state == State.DONE else ""),
        at=when(run.ended_at),
        sentence=run.note or run.sentence,
        place=run.item.workspace.name if run.item.workspace else "",
        evidence=tuple(numbers),
    )


def state_says(run: Run) -> str:
    if run.ended == Ended.WAIVED:
        return "skipped"
    if run.ended == Ended.CANCELLED:
        return "cancelled"
    if run.ended == Ended.BY_HAND:
        return "done by hand"
    if run.state == State.DONE:
        return "verified" if run.attempts.all() and run.ended != Ended.NOTHING_TO_DO else "done"
    if run.item.at or run.item.step == "packet.seal":
        return "not due yet"
    return "needs a person" if run.state == State.NEEDS_PERSON else str(run.state)


def doing(run: Run) -> made.Run:
    attempts = list(run.attempts.all())
    before = next((each.seen_before for each in attempts if each.act == Act.CALL), attempts[0].facts)
    return made.Run(
        item=run.item.number,
        place=run.item.workspace.name if run.item.workspace else "",
        state=state_says(run),
        before=before,
        after=attempts[-1].facts,
        attempts=tuple(attempt_of(each) for each in attempts),
    )


def attempt_of(each: Attempt) -> made.Attempt:
    """One try. The masked calls themselves are an evidence file of their own."""
    return made.Attempt(
        number=each.number,
        started_at=iso(each.begun_at),
        ended_at=when(each.closed_at),
        method="CALL" if each.act == Act.CALL else "LOOK",
        url="",
        request=each.intent,
        status=None,
        response=each.says,
        outcome=each.result or "unknown: cut off",
    )


def finding_of(each: Finding, shelf: Shelf) -> made.Finding:
    place = each.attempt.run.item.workspace
    return made.Finding(
        place=place.name if place else "",
        what="Members, groups and invitations",
        result=each.seen,
        at=iso(each.at),
        by="Offboard",
        sentence=each.says,
        evidence=shelf.number(each.attempt.exchanges),
    )


def traced(each: Attempt, shelf: Shelf) -> made.Finding:
    """What Segment's audit trail says of the removal in one place. Silence is no failure: the fresh read decides."""
    place = each.run.item.workspace
    return made.Finding(
        place=place.name if place else "",
        what="The removal's own events in Segment's audit trail",
        result="found" if each.facts.get("events") else "silent",
        at=iso(each.closed_at or each.begun_at),
        by="Offboard",
        sentence=each.says,
        evidence=shelf.number(each.exchanges),
    )


def came_late(traces: Sequence[Trace], shelf: Shelf) -> Iterable[made.Finding]:
    """Those that came together, together."""
    for evidence, some in groupby(traces, key=attrgetter("evidence")):
        together = list(some)
        place = together[0].run.item.workspace
        yield made.Finding(
            place=place.name if place else "",
            what="The removal's own events in Segment's audit trail, after its step had ended",
            result="found",
            at=iso(together[0].at),
            by="Offboard",
            sentence=trail_says([each.event for each in together]),
            evidence=shelf.number(evidence),
        )


def place(each: PlaceStanding, known: Known) -> made.Place:
    removed = [
        run for run in each.runs if run.item.phase == "remove" and run.state == State.DONE and run.ended_at
    ]
    last = max(removed, key=lambda run: run.ended_at or run.created_at, default=None)
    verified = since_when(each, known.findings)
    numbers = [*known.before.get(each.workspace_id, ())]
    numbers += known.shelf.number(each.finding.attempt.exchanges) if each.finding else ()
    return made.Place(
        workspace=each.workspace,
        workspace_id=known.segment_ids.get(each.workspace_id, ""),
        environment=each.environment,
        region=each.region.upper(),
        client=each.client,
        account=known.accounts(each.workspace_id),
        before=each.before,
        planned=each.planned,
        now=each.says,
        state=NOW_WORDS[each.now],
        removed_at=when(last.ended_at) if last else None,
        removed_by=(last.ended_by.name if last.ended_by else "Offboard") if last else "",
        verified_at=when(verified),
        clocks=clocks(known.removal, each, verified, known.sealed),
        evidence=tuple(dict.fromkeys(numbers)),
    )


def executed_by(runs: Iterable[Run]) -> tuple[str, ...]:
    people = {named(run.ended_by) for run in runs if run.ended_by}
    return ("Offboard (automated steps)", *sorted(people))


def handoff_notes(removal: RemovalRequest, runs: Iterable[Run]) -> str:
    machine = (
        [f"Service account of {removal.owner}. Runs with it: {removal.consumers}"] if removal.machine else []
    )
    told = machine + [
        f"{run.item.title}: {run.note}" for run in runs if run.item.phase == "hand-over" and run.note
    ]
    return "\n".join([f"Contact: {removal.handover}", *told] if removal.handover else told)


def differences(runs: Iterable[Run]) -> Iterable[made.Difference]:
    for run in runs:
        if run.item.added_at and run.item.added_by:
            why = f"Found while the work went on, {iso(run.item.added_at)}, by {run.item.added_by.name}."
            yield made.Difference(run.item.title, "not in the plan", "added later", why)
        if run.ended == Ended.WAIVED:
            yield made.Difference(run.item.title, "to be done", "skipped", run.note)
        if run.ended == Ended.CANCELLED:
            yield made.Difference(run.item.title, "to be done", "cancelled", run.note)
        if run.ended == Ended.BY_HAND and run.item.kind != Kind.MANUAL:
            yield made.Difference(run.item.title, "automatic", "done by hand", run.note or run.sentence)


def entries(removal: RemovalRequest, statement: Checkpoint) -> tuple[made.Entry, ...]:
    tree = Stored(statement.size)
    return tuple(
        entry(each, tree, statement.size)
        for each in entries_about(removal.reference)
        if each.seq <= statement.size
    )


def entry(each: Entry, tree: Nodes, size: int) -> made.Entry:
    told = tuple(made.Disclosure(one.name, one.value, bytes(one.salt).hex()) for one in each.personal.all())
    return made.Entry(each.seq, bytes(each.body), each.hash, tuple(tree.inclusion(each.seq - 1, size)), told)
