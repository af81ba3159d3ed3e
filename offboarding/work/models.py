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


class Beat(models.Model):
    """The last tick of each engine, for `/readyz` and the operators' page."""

    engine = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField()
