"""The moves of the model as the real verbs, and everything that they could have written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from offboarding.approvals import actions as approvals
from offboarding.approvals.models import Approval
from offboarding.approvals.rules import Decision
from offboarding.checklist.models import ChecklistItem, Plan
from offboarding.checklist.queries import newest_plan
from offboarding.execution import actions as execution
from offboarding.execution.models import Attempt, Proof, Run
from offboarding.journey import actions as journey
from offboarding.packets.models import Packet
from offboarding.removals import actions as removals
from offboarding.removals import steering
from offboarding.removals.models import Place, RemovalRequest
from offboarding.removals.rules import Choice
from offboarding.users.models import User
from offboarding.verification.models import Finding
from tests.faults import crew

WRITTEN = (RemovalRequest, Place, Plan, ChecklistItem, Approval, Run, Attempt, Proof, Finding, Packet)
Act = Callable[[RemovalRequest, User, tuple[str, ...]], Any]


def wishes(slugs: tuple[str, ...]) -> list[removals.Wish]:
    return [removals.Wish(crew.workspace(slug), Choice.REMOVE) for slug in slugs]


def describe(removal: RemovalRequest, user: User, _slugs: tuple[str, ...]) -> None:
    now = datetime.now(UTC)
    removals.describe(
        removal, user, reason="contract-ended", starts_at=now, time_zone="Europe/Berlin", now=now
    )


def deciding(decision: str) -> Act:
    def decide(removal: RemovalRequest, user: User, _slugs: tuple[str, ...]) -> None:
        plan, note = newest_plan(removal), f"because of {Approval.objects.count()}"
        said = approvals.Statement(
            Decision(decision), plan.fingerprint if plan else "", note, "Decide", "password", "127.0.0.1"
        )
        approvals.decide(removal, user, said, crew.today())

    return decide


REQUEST: dict[str, Act] = {
    "choose": lambda removal, user, slugs: removals.choose(removal, user, wishes(slugs), crew.today()),
    "describe": describe,
    "file": lambda removal, user, _: journey.file(removal, user, removal.version),
    "withdraw": lambda removal, user, _: removals.withdraw(removal, user, "not wanted any more"),
    "approve": deciding("approve"),
    "reject": deciding("reject"),
    "ask": deciding("ask"),
    "change": lambda removal, user, slugs: journey.change(
        removal, user, wishes(slugs), removal.version, crew.today()
    ),
    "ask again": lambda removal, user, _: journey.ask_again(removal, user),
    "pause": lambda removal, user, _: steering.pause(removal, user, "a question"),
    "resume": lambda removal, user, _: steering.resume(removal, user),
    "cancel rest": lambda removal, user, _: journey.cancel_rest(removal, user, "enough"),
}
STEP: dict[str, Callable[[Run, User], Any]] = {
    "try again": execution.retry,
    "take over": execution.take_over,
    "sign off": lambda run, user: execution.sign_off(run, user, attested=True, note="done"),
    "take back": lambda run, user: execution.undo_sign_off(run, user, datetime.now(UTC)),
    "skip": lambda run, user: execution.skip(run, user, "not needed"),
    "hand on": lambda run, user: execution.assign(run, user, crew.user("olga")),
}


def fresh(pk: int) -> Run:
    return Run.objects.select_related("item__plan__removal", "item__workspace").get(pk=pk)


def rows() -> list[dict[str, Any]]:
    """Every step as the model needs to know it."""
    found = Run.objects.order_by("pk").select_related("item", "ended_by").prefetch_related("attempts")
    return [
        {
            "pk": run.pk,
            "state": str(run.state),
            "timed": run.not_before is not None,
            "cause": run.cause,
            "at": run.item.at,
            "tried": bool(run.attempts.all()),
            "manual": run.manual,
            "ended": run.ended,
            "ended_by": run.ended_by.email.split("@")[0] if run.ended_by else "",
            "proof": run.item.proof or ("file" if run.item.kind != "manual" else ""),
        }
        for run in found
    ]


def digest() -> str:
    """Of everything but the ledger."""
    kept = sha256()
    for model in WRITTEN:
        for row in model._default_manager.order_by("pk").values_list():
            kept.update(
                repr([bytes(each) if isinstance(each, memoryview) else each for each in row]).encode()
            )
    return kept.hexdigest()
