"""What holds records back from being purged, and what makes them stay longer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.directory.models import Client
from offboarding.evidence.models import Evidence
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.work.models import Order, order_indexes
from offboarding.work.rules import ENDED


def person(**options: Any) -> Any:
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", **options)


class LegalHold(models.Model):
    """A legal hold on all of a client, or on one request. While it is on, nothing of it is purged."""

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="legal_holds"
    )
    removal = models.ForeignKey(
        RemovalRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="legal_holds"
    )
    why = models.CharField(max_length=500)
    put_on_by = person()
    put_on_at = models.DateTimeField(db_default=Now())
    put_on_method = models.CharField(max_length=60)
    lifted_by = person(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_method = models.CharField(max_length=60, blank=True)
    lifted_because = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(client=None, removal__isnull=False)
                | models.Q(client__isnull=False, removal=None),
                name="a_hold_is_on_a_client_or_a_request",
            ),
            models.UniqueConstraint(
                fields=["client"], condition=models.Q(lifted_at=None), name="one_hold_per_client"
            ),
            models.UniqueConstraint(
                fields=["removal"], condition=models.Q(lifted_at=None), name="one_hold_per_request"
            ),
            models.CheckConstraint(condition=~models.Q(why=""), name="a_hold_says_why"),
            models.CheckConstraint(
                condition=models.Q(lifted_at=None)
                | (models.Q(lifted_by__isnull=False) & ~models.Q(lifted_because="")),
                name="a_lifted_hold_says_who_and_why",
            ),
        ]


class Purge(Order):
    """What is past its last day goes for good: asked by one person, confirmed by another, worked on by an engine.

    It is what was to be kept until before `before`, and is not held. That can only become less until it is done.
    """

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="purges")
    before = models.DateField()
    why = models.CharField(max_length=500)
    # So many files and packets, and bytes, as both people saw it; and how many of them went.
    files = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField()
    gone = models.PositiveIntegerField(default=0)
    gone_size = models.PositiveBigIntegerField(default=0)
    asked_by = person()
    asked_method = models.CharField(max_length=60)
    confirmed_by = person(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_method = models.CharField(max_length=60, blank=True)
    declined_by = person(null=True, blank=True)
    declined_because = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = order_indexes("purge")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(confirmed_by=models.F("asked_by")),
                name="who_asks_for_a_purge_does_not_confirm",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by__isnull=False)
                | models.Q(state="cancelled")
                | models.Q(state="waiting", not_before=None),
                name="no_purge_begins_unconfirmed",
            ),
            models.CheckConstraint(
                condition=~models.Q(why="") & models.Q(files__gt=0), name="a_purge_says_what_and_why"
            ),
            models.UniqueConstraint(
                fields=["client"],
                condition=~models.Q(state__in=[state.value for state in ENDED]),
                name="one_purge_at_a_time_for_a_client",
            ),
        ]


class Tombstone(models.Model):
    """Where a file or a packet was: its digest, its size, what it was. Who and why stand in the purge.

    Written before the bytes go. Triggers refuse one for what is still to be kept or is held, and any change but the
    note that they are gone.
    """

    class Outcome(models.TextChoices):
        DELETED = "deleted", "Gone"
        SHARED = "shared", "Its bytes stay for another file"

    purge = models.ForeignKey(Purge, on_delete=models.PROTECT, related_name="tombstones")
    evidence = models.OneToOneField(
        Evidence, on_delete=models.PROTECT, null=True, blank=True, related_name="tombstone"
    )
    packet = models.OneToOneField(
        Packet, on_delete=models.PROTECT, null=True, blank=True, related_name="tombstone"
    )
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    what = models.CharField(max_length=500)
    at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=8, blank=True, choices=Outcome.choices)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["purge"], condition=models.Q(gone_at=None), name="tombstone_to_do"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(evidence=None, packet__isnull=False)
                | models.Q(evidence__isnull=False, packet=None),
                name="a_tombstone_is_of_a_file_or_a_packet",
            ),
        ]


class EvidenceCheck(Order):
    """One walk over all files of evidence and all packets: every night, each byte of them is read."""

    # As far as it came: digests first, then packets by their key.
    reached = models.CharField(max_length=64, blank=True)
    packet = models.PositiveBigIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    packets = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    # How many are missing, changed or cannot be read, and the first of them as [fault, name].
    wrong = models.PositiveIntegerField(default=0)
    named = models.JSONField(default=list)
    # How many are there that no row names.
    extra = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = order_indexes("evidencecheck")
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=~models.Q(state__in=[*(state.value for state in ENDED), "needs_person"]),
                name="one_evidence_check_at_a_time",
            )
        ]


class Extension(Order):
    """What is kept of a client stays for so many years from now on. Only later days are ever written."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    years = models.PositiveSmallIntegerField()
    # As far as it came: the key of the last piece of evidence, and how many files and packets stay longer.
    reached = models.PositiveBigIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    packets = models.PositiveIntegerField(default=0)
    # Once through, it waits a little and looks for what somebody wrote meanwhile, by the years of before.
    through = models.BooleanField(default=False)

    class Meta:
        ordering = ["-pk"]
        indexes = order_indexes("extension")
