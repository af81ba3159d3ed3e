"""What the auditor takes away."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.directory.models import Client
from offboarding.packets.shares.rules import Did
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


class Redaction(Order):
    """One redacted copy of a sealed packet: each reader may need another. Once it stands it never changes either."""

    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="redactions")
    number = models.PositiveSmallIntegerField(default=1)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # Of a packet that reaches into several clients: the part of this one, with its people.
    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    file = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    bag_sha256 = models.CharField(max_length=64, blank=True)
    # Words that the reader wants hidden besides, until the copy stands: they may name somebody.
    words = models.JSONField(default=list)
    files = models.PositiveSmallIntegerField(default=0)
    left_out = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = order_indexes("redaction")
        constraints = [
            models.UniqueConstraint(fields=["packet", "number"], name="one_copy_per_number"),
            models.UniqueConstraint(
                fields=["packet"], condition=~models.Q(state="done"), name="one_copy_at_a_time"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done") | ~models.Q(sha256=""), name="a_copy_has_its_digest"
            ),
        ]


class Share(models.Model):
    """One packet, open to one address from outside for a time. Of link and code only digests are kept."""

    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="shares")
    address = models.EmailField(max_length=254)
    token_sha256 = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_because = models.CharField(max_length=300, blank=True)
    # The code that was sent last, until it is used; how often it was typed wrongly, and how often any was.
    code = models.CharField(max_length=64, blank=True)
    code_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    wrong = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["packet", "address"], condition=models.Q(ended_at=None), name="one_share_per_address"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | ~models.Q(ended_because=""),
                name="an_ended_share_says_why",
            ),
        ]


class Visit(models.Model):
    """One thing that somebody did with the link of a share, and from where."""

    share = models.ForeignKey(Share, on_delete=models.PROTECT, related_name="visits")
    at = models.DateTimeField(db_default=Now())
    did = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Did])
    part = models.CharField(max_length=20, blank=True)
    network_address = models.GenericIPAddressField(null=True, blank=True)
    browser = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["share", "did", "at"], name="visit_of_share")]
