"""Who decided, and what stands where others have approvals. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from offboarding.approvals.models import Approval
from offboarding.checklist.models import Plan
from offboarding.emergencies.models import Emergency
from offboarding.emergencies.rules import Because, Verdict
from offboarding.ledger.rules import iso
from offboarding.packets import contents as made
from offboarding.removals.models import RemovalRequest

DECISIONS = {"approve": "approved", "reject": "rejected", "ask": "asked"}
# No yes any more, for whoever counts them: the report, the verifier, the writer.
FALLEN = "approved, but it fell"


def approvals_of(removal: RemovalRequest) -> list[Approval]:
    return list(
        Approval.objects.filter(plan__removal=removal)
        .select_related("approver", "right_of", "plan")
        .defer("plan__body")
    )


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


def fallen(approvals: Iterable[Approval]) -> Iterable[made.Remark]:
    """Nothing was changed until somebody else had approved: an auditor asks what happened meanwhile."""
    for each in approvals:
        if each.fell_at is not None:
            told = (
                f"{named(each.approver)} approved plan version {each.plan.version}, {iso(each.at)}, and could not approve "
                f"any more before the work was done, {iso(each.fell_at)}. Nothing more was changed on this approval."
            )
            yield made.Remark("An approval fell", told)


def named(user: Any) -> str:
    return f"{user.name} <{user.email}>"


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
        decision=DECISIONS[each.decision] if each.fell_at is None else FALLEN,
        method=each.method,
        plan_version=each.plan.version,
        fingerprint=each.fingerprint,
        text=each.text,
        reason=each.note if each.fell_at is None else FELL,
        network_address=each.address or "",
    )
