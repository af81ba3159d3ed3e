"""From the rooms of the river to the contents of a packet. Reads only."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import IO, Any

from offboarding.approvals.models import Approval
from offboarding.checklist.models import Plan
from offboarding.checklist.queries import newest_plan
from offboarding.checklist.rules import Kind
from offboarding.emergencies.models import Emergency
from offboarding.emergencies.queries import emergency_of
from offboarding.emergencies.rules import Because, Verdict
from offboarding.evidence import store
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Attempt, Proof, Run
from offboarding.execution.rules import Act, Ended
from offboarding.ledger.models import Checkpoint, Entry
from offboarding.ledger.queries import entries_about
from offboarding.ledger.rules import iso
from offboarding.ledger.tiles import Stored
from offboarding.lib.merkle import Nodes
from offboarding.packets import contents as made
from offboarding.packets.keys import credentials
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import places_of
from offboarding.verification.models import Finding
from offboarding.verification.queries import PlaceStanding, findings_of, kept_at_the_start, standings
from offboarding.verification.rules import Now
from offboarding.verification.traced import trail_attempts
from offboarding.work.rules import State

DECISIONS = {"approve": "approved", "reject": "rejected", "ask": "asked"}
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


class Shelf:
    """Numbers each piece of evidence once, in the order in which it is met."""

    def __init__(self, touch: Callable[[], None]) -> None:
        self.touch = touch
        self.pieces: dict[int, made.Evidence] = {}

    def number(self, evidence: Evidence | None, corrects: Evidence | None = None) -> tuple[int, ...]:
        if evidence is None:
            return ()
        old = next(iter(self.number(corrects)), None)
        if evidence.pk not in self.pieces:
            self.pieces[evidence.pk] = made.Evidence(
                number=len(self.pieces) + 1,
                name=evidence.name,
                shows=evidence.shows,
                source=evidence.get_source_display() + (f": {evidence.origin}" if evidence.origin else ""),
                taken_at=iso(evidence.taken_at),
                taken_by=evidence.taken_by,
                sha256=evidence.sha256,
                size=evidence.size,
                media_type=evidence.media_type,
                open=partial(self.open, evidence.sha256),
                replaces=old,
            )
        return (self.pieces[evidence.pk].number,)

    def open(self, sha256: str) -> IO[bytes]:
        self.touch()
        return store.open_bytes(sha256)


def collect(packet: Packet, statement: Checkpoint, touch: Callable[[], None]) -> made.PacketContents:
    """Everything about one closed removal, as the packet's writer takes it.

    `touch` is called whenever a piece of evidence is opened: writing a large packet takes longer than one lease.
    """
    removal = packet.removal
    plan = newest_plan(removal)
    assert plan and removal.filed_at and removal.closed_at and packet.sealed_at
    runs = full_runs(plan)
    findings = findings_of(removal)
    kept = kept_at_the_start([plan]).get(plan.pk, {}) if removal.emergency else {}
    shelf, places = Shelf(touch), standings(plan, runs, findings, kept=kept)
    before = {
        snapshot.workspace_id: shelf.number(snapshot.raw) for snapshot in plan.snapshots.select_related("raw")
    }
    items = tuple(item(run, shelf) for run in runs)
    done = tuple(doing(run) for run in runs if run.attempts.all())
    seen = (
        *(finding_of(each, shelf) for each in findings),
        *(traced(each, shelf) for each in trail_attempts(plan)),
    )
    workspaces = {place.workspace_id: place.workspace.segment_id for place in places_of(removal)}
    return made.PacketContents(
        reference=removal.reference,
        title=title(removal, places),
        version=packet.version,
        person=made.Person(removal.person_name, tuple(removal.addresses)),
        clients=tuple(sorted({place.client for place in places})),
        requester=named(removal.requester),
        reason=removal.reason_says,
        filed_at=iso(removal.filed_at),
        approved_at=when(removal.approved_at),
        started_at=when(removal.started_at),
        closed_at=iso(removal.closed_at),
        sealed_at=iso(packet.sealed_at),
        zone=removal.time_zone,
        keep_until=packet.keep_until.isoformat() if packet.keep_until else "",
        ticket=removal.ticket,
        sow=removal.sow,
        executed_by=executed_by(runs),
        handoff_notes=handoff_notes(removal, runs),
        notes=tuple(note for note in (removal.notes,) if note),
        emergency=emergency.incident if (emergency := emergency_of(removal)) else "",
        plan=plan.data,
        plan_version=plan.version,
        plan_fingerprint=plan.fingerprint,
        approvals=(*(approval(each) for each in approvals_of(removal)), *words_of(emergency, plan)),
        differences=tuple(differences(runs)),
        places=tuple(place(each, before, shelf, removal, workspaces) for each in places),
        items=items,
        runs=done,
        findings=seen,
        credentials=credentials(runs),
        resources=tuple(resources(places, plan)),
        exceptions=(*without_approval(emergency), *exceptions(runs, places, shelf)),
        unknowns=tuple(
            made.Remark("Not known when the plan was made", says) for says in plan.data["not_known"]
        ),
        evidence=tuple(shelf.pieces.values()),
        checkpoint=made.Checkpoint(
            bytes(statement.body), b64decode(statement.signature), statement.public_key.encode()
        ),
        entries=entries(removal, statement),
    )


def title(removal: RemovalRequest, places: Sequence[PlaceStanding]) -> str:
    changed = sum(place.choice != "keep" for place in places)
    noun = "workspace" if changed == 1 else "workspaces"
    if removal.restores:
        who = removal.person_name or removal.email
        return (
            f"Temporary restoration for {who} in {changed} Segment {noun}, after {removal.restores.reference}"
        )
    who, less = removal.person_name or removal.email, sum(place.choice == "reduce" for place in places)
    if less:
        removed = (
            f"Removal of {who} from {changed - less} and reduction"
            if less < changed
            else f"Reduction of {who}"
        )
        return f"{removed} in {less} Segment {'workspace' if less == 1 else 'workspaces'}"
    return f"Removal of {who} from {changed} Segment {noun}"


def full_runs(plan: Plan) -> list[Run]:
    beside = ("item__workspace", "item__added_by", "assigned_to", "ended_by")
    found = Run.objects.filter(item__plan=plan).select_related(*beside).order_by("item__number")
    proofs = ("proofs__evidence", "proofs__replaces__evidence", "proofs__withdrawn_by")
    return list(found.prefetch_related(*proofs, "attempts__exchanges"))


def approvals_of(removal: RemovalRequest) -> list[Approval]:
    return list(Approval.objects.filter(plan__removal=removal).select_related("approver", "right_of", "plan"))


def words_of(emergency: Emergency | None, plan: Plan) -> Iterable[made.Approval]:
    """What stands where others have approvals: the release, a second person's word, the second presses, the review."""
    if emergency is None:
        return
    said = partial(spoken, plan, emergency.fingerprint)
    yield said(
        emergency.released_by, "Security", emergency.at, "released", emergency.method or "no proof: the factor failed",
        emergency.text, f"Emergency {emergency.incident}, known since {iso(emergency.known_since)}", emergency.address,
    )  # fmt: skip
    if emergency.second:
        yield said(
            emergency.second, "Second person", emergency.at, "confirmed beforehand", emergency.second_method,
            "Confirm the emergency", SECONDS[Because(emergency.because)], emergency.second_address,
        )  # fmt: skip
    for turn in emergency.turns.select_related("by"):
        steps = ", ".join(map(str, turn.items))
        yield said(
            turn.by, "Security", turn.at, "released", turn.method, turn.text, f"Steps {steps}", turn.address
        )
    if review := getattr(emergency, "review", None):
        yield said(
            review.reviewer, "Reviewer", review.at, REVIEWED[Verdict(review.verdict)], review.method, review.text,
            review.note, review.address,
        )  # fmt: skip


SECONDS = {
    Because.FACTOR: "The second factor of the first person failed",
    Because.VOLUME: "So much went in so short a time that two people were needed",
}
REVIEWED = {Verdict.CONFIRM: "confirmed afterwards", Verdict.OBJECT: "objected afterwards"}


def spoken(
    plan: Plan, fingerprint: str, by: Any, role: str, at: datetime, decision: str, method: str, text: str, why: str,
    address: str | None,
) -> made.Approval:  # fmt: skip
    return made.Approval(
        by=by.name,
        address=by.email,
        role=role,
        at=iso(at),
        decision=decision,
        method=method,
        plan_version=plan.version,
        fingerprint=fingerprint,
        text=text,
        reason=why,
        network_address=address or "",
    )


def without_approval(emergency: Emergency | None) -> Iterable[made.Remark]:
    if emergency is None:
        return
    review = getattr(emergency, "review", None)
    told = (
        f"{named(emergency.released_by)} released it for {emergency.incident}. Nobody approved it beforehand."
    )
    if review:
        late = " That was late." if review.at > emergency.review_due_at else ""
        said = REVIEWED[Verdict(review.verdict)]
        told += f" {named(review.reviewer)} {said}, {iso(review.at)}: {review.note}.{late}"
    yield made.Remark("An emergency", told)


def named(user: Any) -> str:
    return f"{user.name} <{user.email}>"


def when(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


FELL = "It fell before the work was done, since its giver could not approve any more. It does not count."


def role_of(each: Approval) -> str:
    """As what they decided, and for whom where the right was delegated."""
    role = "Security" if set(each.held) == {"security"} else "Approver"
    return role if each.right_of_id == each.approver_id else f"{role}, for {each.right_of.name}"


def approval(each: Approval) -> made.Approval:
    return made.Approval(
        by=each.approver.name,
        address=each.approver.email,
        role=role_of(each),
        at=iso(each.at),
        decision=DECISIONS[each.decision],
        method=each.method,
        plan_version=each.plan.version,
        fingerprint=each.fingerprint,
        text=each.text,
        reason=each.note if each.fell_at is None else FELL,
        network_address=each.address or "",
    )


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
    return "not due yet" if run.item.at or run.item.step == "packet.seal" else run.state


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


def place(
    each: PlaceStanding,
    before: dict[int, tuple[int, ...]],
    shelf: Shelf,
    removal: RemovalRequest,
    workspaces: dict[int, str],
) -> made.Place:
    removed = [
        run for run in each.runs if run.item.phase == "remove" and run.state == State.DONE and run.ended_at
    ]
    last = max(removed, key=lambda run: run.ended_at or run.created_at, default=None)
    verified = each.at if each.now is Now.VERIFIED else None
    numbers = [*before.get(each.workspace_id, ())]
    numbers += shelf.number(each.finding.attempt.exchanges) if each.finding else ()
    return made.Place(
        workspace=each.workspace,
        workspace_id=workspaces.get(each.workspace_id, ""),
        environment=each.environment,
        region=each.region.upper(),
        client=each.client,
        before=each.before,
        planned=each.planned,
        now=each.says,
        state=NOW_WORDS[each.now],
        removed_at=when(last.ended_at) if last else None,
        removed_by=(last.ended_by.name if last.ended_by else "Offboard") if last else "",
        verified_at=when(verified),
        clocks=clocks(removal, verified),
        evidence=tuple(dict.fromkeys(numbers)),
    )


def clocks(removal: RemovalRequest, verified: datetime | None) -> made.Clocks:
    assert removal.starts_at and removal.due_at
    elapsed = (verified - removal.starts_at).total_seconds() if verified else None
    return made.Clocks(
        trigger=iso(removal.starts_at),
        filed=when(removal.filed_at),
        approved=when(removal.approved_at),
        verified=when(verified),
        target_hours=round((removal.due_at - removal.starts_at).total_seconds() / 3600),
        elapsed_minutes=max(0, round(elapsed / 60)) if elapsed is not None else None,
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


def resources(places: Sequence[PlaceStanding], plan: Plan) -> Iterable[made.ResourceAccess]:
    """Each role that went with the membership, from the plan's own record of what was held."""
    held = {each["workspace_id"]: roles_of(each) for each in plan.data["places"]}
    for each in places:
        if each.choice == "keep":
            continue
        for role in held[each.workspace_id]:
            name, _, reach = role["role"].partition(", ")
            yield made.ResourceAccess(
                place=each.workspace,
                kind="role",
                name=reach or "whole workspace",
                role=name,
                through=role["group"],
                verified_at=when(each.at) if each.now is Now.VERIFIED else None,
            )


def roles_of(place: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The roles that a place loses: where only some go, exactly those, and the groups by name."""
    if place["choice"] != "reduce":
        return list(place["roles"])
    return [
        {"role": f"{each['name']}, {each['on']}" if each["on"] else each["says"], "group": ""}
        for each in place["lost"]
    ]


def exceptions(runs: Iterable[Run], places: Iterable[PlaceStanding], shelf: Shelf) -> Iterable[made.Remark]:
    """What an auditor should read first."""
    runs = list(runs)
    if cut_off := [run for run in runs if run.ended == Ended.CANCELLED]:
        yield cancelled_rest(cut_off)
    for run in runs:
        if run.ended == Ended.WAIVED:
            yield made.Remark(
                run.item.title, f"Skipped by {run.ended_by.name if run.ended_by else '?'}: {run.note}"
            )
        yield from map(taken_back, (proof for proof in run.proofs.all() if proof.withdrawn_at))
    for each in places:
        if each.now not in (Now.VERIFIED, Now.KEPT):
            numbers = [
                number
                for run in each.runs
                for proof in run.proofs.all()
                if not proof.withdrawn_at
                for number in shelf.number(proof.evidence)
            ]
            yield made.Remark(
                each.workspace, f"Not verified by a fresh read: {each.says}.", tuple(dict.fromkeys(numbers))
            )


def old_of(proof: Proof) -> Evidence | None:
    """What it corrects, where that was not taken back besides."""
    return proof.replaces.evidence if proof.replaces and not proof.replaces.withdrawn_at else None


def taken_back(proof: Proof) -> made.Remark:
    """Where the file was: its bytes are not in the packet."""
    file, who = proof.evidence, named(proof.withdrawn_by) if proof.withdrawn_by else "?"
    told = f"{file.name} ({file.size} bytes, SHA-256 {file.sha256}) was taken back by {who}"
    return made.Remark(proof.run.item.title, f"{told}: {proof.withdrawn_because or 'no reason given'}.")


def cancelled_rest(runs: Sequence[Run]) -> made.Remark:
    """One remark for all: each of the steps says so itself too."""
    user, numbers = runs[0].ended_by, ", ".join(str(run.item.number) for run in runs)
    sentence = (
        f"Cancelled by {named(user) if user else '?'}: {runs[0].note}. Steps that were not done: {numbers}."
    )
    return made.Remark("What was left was cancelled", sentence)


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
