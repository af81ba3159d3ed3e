"""A plan is a promise; its items are the lines of it. Neither is changed once frozen."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.checklist.rules import PHASES, Kind, Phase
from offboarding.connections.models import Workspace
from offboarding.discovery.models import Snapshot
from offboarding.lib import canonical
from offboarding.removals.models import RemovalRequest


class Plan(models.Model):
    """One version of what will be done. `body` holds the canonical bytes that the fingerprint is of."""

    removal = models.ForeignKey(RemovalRequest, on_delete=models.PROTECT, related_name="plans")
    version = models.PositiveSmallIntegerField()
    fingerprint = models.CharField(max_length=64)
    body = models.BinaryField()
    playbook = models.CharField(max_length=60)
    playbook_version = models.PositiveSmallIntegerField()
    frozen_at = models.DateTimeField(db_default=Now())
    # Everyone who changed what this plan does; none of them may approve it.
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    snapshots = models.ManyToManyField(Snapshot, related_name="plans")

    class Meta:
        ordering = ["version"]
        constraints = [models.UniqueConstraint(fields=["removal", "version"], name="one_plan_per_version")]

    @property
    def data(self) -> dict[str, Any]:
        """For reading only: it may be the same for others who ask."""
        return parsed(bytes(self.body))


@lru_cache(maxsize=8)
def parsed(body: bytes) -> dict[str, Any]:
    """A plan over 100 workspaces takes a tenth of a second, and one page or turn asks for it several times."""
    value: dict[str, Any] = canonical.loads(body)
    return value


class ChecklistItem(models.Model):
    """One line of a plan, or one that was added while the work went on: never part of what was approved."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="items")
    number = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=60)
    phase = models.CharField(max_length=12, choices=[(phase.value, says) for phase, says in PHASES.items()])
    kind = models.CharField(max_length=14, choices=[(kind.value, kind.value) for kind in Kind])
    step = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=400)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, null=True, related_name="+")
    target = models.JSONField()
    where = models.CharField(max_length=300, blank=True)
    how = models.JSONField()
    proof = models.CharField(max_length=20, blank=True)
    waits_for = models.JSONField()
    at = models.CharField(max_length=20, blank=True)
    due_at = models.DateTimeField()
    blocks_closing = models.BooleanField(default=True)
    # What it was added for: one item for each such thing. Empty for the lines of the plan, which its fingerprint covers.
    added_for = models.CharField(max_length=120, blank=True)
    added_at = models.DateTimeField(null=True, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="one_item_per_number"),
            models.UniqueConstraint(
                fields=["plan", "added_for"], condition=~models.Q(added_for=""), name="added_once_for_a_thing"
            ),
            models.CheckConstraint(
                condition=models.Q(added_for="", added_at=None, added_by=None)
                | (~models.Q(added_for="") & models.Q(added_at__isnull=False, added_by__isnull=False)),
                name="added_says_by_whom_and_when",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def phase_says(self) -> str:
        return PHASES[Phase(self.phase)]
