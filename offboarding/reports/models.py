"""Walks over the whole ledger, and what they found."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from offboarding.work.models import Order, order_indexes
from offboarding.work.rules import ENDED


class Check(Order):
    """One walk over all entries and checkpoints: every night, and when somebody asks."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    entries = models.PositiveBigIntegerField(default=0)
    # The first that is wrong, and what is wrong with it; empty if all of it holds.
    broken_at = models.PositiveBigIntegerField(null=True, blank=True)
    says = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = order_indexes("check")
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=~models.Q(state__in=[*(state.value for state in ENDED), "needs_person"]),
                name="one_check_at_a_time",
            )
        ]
