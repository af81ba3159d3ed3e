"""Who asks for time stamps. The stamps themselves are the ledger's."""

from __future__ import annotations

from django.db import models

from offboarding.work.models import Order, order_indexes


class Stamping(Order):
    """The one row that asks the authority: about the newest checkpoint that lacks a stamp, then about those before it.

    One row, so that an authority that is down is asked by one worker, with growing pauses, however many checkpoints wait.
    """

    # Checkpoints from this size on: those from before an authority was named are covered by the first one after.
    begins = models.PositiveBigIntegerField()
    tries = models.PositiveSmallIntegerField(default=0)
    # Why the last question brought no stamp; empty once one did.
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = order_indexes("stamping")
