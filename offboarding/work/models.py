"""A slow thing is a row first."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models.functions import Now

from offboarding.work.rules import DUE, State


class Order(models.Model):
    """One slow thing to do. Whoever holds the newest `fence` may write to it, nobody else."""

    state = models.CharField(max_length=16, default=State.READY, choices=[(s.value, s.value) for s in State])
    waiting_for = models.CharField(max_length=200, blank=True)
    # Empty means: not before somebody says so.
    not_before = models.DateTimeField(null=True, blank=True, db_default=Now())
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    crashes = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True

    @staticmethod
    def due(now: datetime | models.Func) -> models.Q:
        resting = models.Q(state__in=[state.value for state in DUE], not_before__lte=now)
        dropped = models.Q(state=State.RUNNING.value, lease_until__lte=now)
        return resting | dropped


def order_indexes(name: str) -> list[models.Index]:
    """What the engine asks for, every second, of every table of orders."""
    return [
        models.Index(fields=["state", "not_before"], name=f"{name}_due"),
        models.Index(fields=["lease_until"], name=f"{name}_lease", condition=models.Q(state="running")),
    ]


class Slot(models.Model):
    """One beat of one schedule. The constraint is what makes it fire once, however many engines there are."""

    name = models.CharField(max_length=60)
    slot = models.CharField(max_length=40)
    fired_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "slot"], name="one_firing_per_slot")]


class Standstill(models.Model):
    """The one row that says whether anything outside may be changed: calls, mails, sealed packets.

    `since` without `ended_at` means that the engine stands still. What stood before is in the ledger.
    """

    why = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=150, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # SHA-256 of the last statement outside the database that a person accepted as lost; empty if there was none.
    accepted = models.CharField(max_length=64, blank=True)

    @property
    def stands(self) -> bool:
        return self.since is not None and self.ended_at is None


class Lost(models.Model):
    """How many leases ran out on one day, since their workers died or were cut off."""

    kind = models.CharField(max_length=60)
    day = models.DateField()
    times = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "day"], name="one_count_per_kind_and_day")]


class Beat(models.Model):
    """The last tick of each engine, for `/readyz` and the operators' page."""

    engine = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField()
