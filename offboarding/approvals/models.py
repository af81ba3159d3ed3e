"""One person's yes, no or question, to one fingerprint."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.approvals.rules import Decision
from offboarding.checklist.models import Plan


class Approval(models.Model):
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="approvals")
    fingerprint = models.CharField(max_length=64)
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    # Repeated here so that the database itself can keep them apart.
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    plan_made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=8, choices=[(d.value, d.value) for d in Decision])
    note = models.TextField(blank=True, max_length=2000)
    answer = models.TextField(blank=True, max_length=2000)
    answered_at = models.DateTimeField(null=True, blank=True)
    # The sentence on the button that was pressed, and how the person proved who they are.
    text = models.CharField(max_length=300)
    method = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "approver"],
                condition=~models.Q(decision="ask"),
                name="one_decision_per_person_and_plan",
            ),
            models.CheckConstraint(
                condition=~models.Q(approver=models.F("requester")), name="the_requester_does_not_decide"
            ),
            models.CheckConstraint(
                condition=~models.Q(approver=models.F("plan_made_by")), name="the_editor_does_not_decide"
            ),
            models.CheckConstraint(
                condition=models.Q(decision="approve") | ~models.Q(note=""), name="no_and_questions_say_why"
            ),
        ]
