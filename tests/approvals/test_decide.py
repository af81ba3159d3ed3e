"""Deciding: works, wrong person, wrong client, wrong state, twice, at the same time, what the ledger says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.approvals.models import Approval
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused

Make = Callable[..., Any]


def test_an_approver_approves_and_the_removal_moves_on(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    approval = decide(removal, bob)
    removal.refresh_from_db()
    assert removal.stage == "approved"
    assert approval.fingerprint == approval.plan.fingerprint


def test_the_requester_never_decides(filed: Make, decide: Make, alice: Any) -> None:
    removal = filed()
    with pytest.raises(Refused) as refusal:
        decide(removal, alice)
    assert refusal.value.code == "may-not-decide"
    removal.refresh_from_db()
    assert removal.stage == "planned"
    assert not Approval.objects.exists()


def test_the_database_itself_refuses_the_requester(filed: Make, alice: Any) -> None:
    plan = filed().plans.get()
    with pytest.raises(IntegrityError, match="the_requester_does_not_decide"), transaction.atomic():
        Approval.objects.create(
            plan=plan,
            fingerprint=plan.fingerprint,
            approver=alice,
            requester=alice,
            plan_made_by=alice,
            decision="approve",
            text="",
            method="",
        )


def test_a_refused_decision_is_in_the_ledger(filed: Make, decide: Make, alice: Any) -> None:
    removal = filed()
    with pytest.raises(Refused):
        decide(removal, alice)
    assert Entry.objects.filter(about=removal.reference, event="plan.decision_refused").count() == 1
