"""What a check saw, at one moment. Findings, measurements and traces are never changed; a later one says more."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from offboarding.evidence.models import Evidence
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Seen


class Finding(models.Model):
    """One fresh read of one place. `attempt` leads to the removal, the place and the raw answers."""

    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, related_name="finding")
    seen = models.CharField(max_length=8, choices=[(s.value, s.value) for s in Seen])
    came_back = models.BooleanField(default=False)
    says = models.CharField(max_length=500)
    data = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]


class Measurement(models.Model):
    """What arrived in one workspace at one moment: plain numbers and states, as `comparing.Reading` has them."""

    class When(models.TextChoices):
        BEFORE = "before", "before"
        AFTER = "after", "after"

    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, related_name="measurement")
    when = models.CharField(max_length=6, choices=When.choices)
    # What is worse than before, by kind and id; empty before, and where nothing fell.
    fell = models.JSONField(default=list)
    says = models.CharField(max_length=500)
    data = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]


class Trace(models.Model):
    """One event of the audit trail about a removal, in our copy only after the step that looks for it had ended."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="traces")
    # Segment's own id, or a digest of its content: as our copy has it.
    key = models.CharField(max_length=200)
    # As a look keeps it, see `verification.trail.as_facts`.
    event = models.JSONField()
    # The events that came together, as they came.
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="an_event_is_traced_once")]
