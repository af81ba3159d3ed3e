"""Immutable files with their origin."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.directory.models import Client


class Evidence(models.Model):
    """One file as it was, and where it came from. Stored under its digest, once. Nothing of it changes but its last day."""

    class Source(models.TextChoices):
        API = "api", "Read from the API"
        PERSON = "person", "Added by a person"
        APP = "app", "Made by Offboard"

    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    shows = models.CharField(max_length=300)
    source = models.CharField(max_length=10, choices=Source.choices)
    origin = models.CharField(max_length=300, blank=True)
    taken_by = models.CharField(max_length=200)
    taken_at = models.DateTimeField(db_default=Now())
    # Whose record it is: says for how long it is kept. Empty only for what was kept before clients were noted.
    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, related_name="+")
    # Only ever a later day; triggers see to that.
    keep_until = models.DateField()

    class Meta:
        indexes = [
            models.Index(fields=["sha256"], name="evidence_sha256"),
            models.Index(fields=["client", "keep_until"], name="evidence_keep_until"),
        ]


class AddedFile(models.Model):
    """A file that a person tied to something. Taken back it stays on record: by whom, when and why."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_because = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True
