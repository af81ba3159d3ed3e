"""Looks, and the snapshots that they bring back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.connections.models import Workspace
from offboarding.discovery.rules import Sighting, sighting
from offboarding.evidence.models import Evidence
from offboarding.work.models import Order, order_indexes
from offboarding.work.rules import ENDED


class Snapshot(models.Model):
    """What one person held in one workspace at one moment. Never changed; the raw answers are its evidence."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="snapshots")
    # Whose: `lib.addresses.key` of all the addresses looked for.
    person = models.CharField(max_length=64)
    addresses = models.JSONField()
    taken_at = models.DateTimeField(db_default=Now())
    data = models.JSONField()
    raw = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["person", "workspace", "-taken_at"], name="snapshot_newest")]

    @property
    def sighting(self) -> Sighting:
        return sighting(self.data)


class Look(Order):
    """One look for one person in one workspace, on its way or ended. `seen` fills while it runs."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="looks")
    person = models.CharField(max_length=64)
    addresses = models.JSONField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)
    seen = models.JSONField(null=True)
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            *order_indexes("look"),
            models.Index(fields=["person", "workspace", "-id"], name="look_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "workspace"],
                condition=~models.Q(state__in=[*(state.value for state in ENDED), "needs_person"]),
                name="one_look_at_a_time",
            )
        ]

    @property
    def ended(self) -> bool:
        return self.ended_at is not None

    @property
    def sighting(self) -> Sighting | None:
        return sighting(self.seen) if self.seen else None
