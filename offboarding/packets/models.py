"""What the auditor takes away."""

from __future__ import annotations

from django.db import models

from offboarding.removals.models import RemovalRequest
from offboarding.work.models import Order, order_indexes


class Packet(Order):
    """One sealed version of one removal's evidence. The file never changes; what comes later is the next version."""

    removal = models.ForeignKey(RemovalRequest, on_delete=models.PROTECT, related_name="packets")
    version = models.PositiveSmallIntegerField(default=1)
    # What came after the version before, which stays as it is; empty for the first.
    because = models.TextField(blank=True)
    file = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    bag_sha256 = models.CharField(max_length=64, blank=True)
    report_sha256 = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=16, blank=True)
    sealed_at = models.DateTimeField(null=True, blank=True)
    # The last day on which it has to be there; only ever a later one, which a trigger sees to.
    keep_until = models.DateField(null=True, blank=True)
    items = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = order_indexes("packet")
        constraints = [
            models.UniqueConstraint(fields=["removal", "version"], name="one_packet_per_version"),
            models.CheckConstraint(
                condition=~models.Q(state="done")
                | (~models.Q(sha256="") & models.Q(sealed_at__isnull=False)),
                name="sealed_has_its_digest",
            ),
        ]
