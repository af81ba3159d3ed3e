"""Our own copy of Segment's audit trails: the events, how far the copy reaches, and each time that we copied."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.connections.models import Workspace
from offboarding.evidence.models import Evidence
from offboarding.trail.rules import Kind, Lack, Reach, Told, spans
from offboarding.work.models import Order, order_indexes
from offboarding.work.rules import ENDED


class Copy(models.Model):
    """How far the copy of one workspace reaches, and why it does not grow where it does not."""

    workspace = models.OneToOneField(Workspace, on_delete=models.PROTECT, related_name="trail")
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    # Pairs of ISO times: what Segment dropped before we came.
    gaps = models.JSONField(default=list)
    lack = models.CharField(max_length=12, blank=True, choices=[(each.value, each.value) for each in Lack])
    lacks_since = models.DateTimeField(null=True)
    # Actors that our own calls were seen under: no call tells which token ours is.
    ours = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(since=None, until=None) | models.Q(since__lte=models.F("until")),
                name="a_copy_begins_before_it_ends",
            )
        ]

    @property
    def reach(self) -> Reach | None:
        return Reach(self.since, self.until, spans(self.gaps)) if self.since and self.until else None


class Harvest(Order):
    """One reading of one audit trail, or of a file of it: page by page, and each page stands when it was read."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="harvests")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # A file that a person exported in Segment, instead of a reading through the API.
    file = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    # Where to go on: Segment's cursor, or how many lines of the file are merged.
    cursor = models.TextField(blank=True)
    pages = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    # Over the keys and raw events of all pages, one page after the other: SHA-256, hex.
    digest = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    lack = models.CharField(max_length=12, blank=True)
    says = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            *order_indexes("harvest"),
            models.Index(fields=["workspace", "-id"], name="harvest_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"],
                condition=~models.Q(state__in=[*(state.value for state in ENDED), "needs_person"])
                & models.Q(file=None),
                name="one_harvest_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["workspace", "file"], condition=~models.Q(file=None), name="a_file_is_merged_once"
            ),
        ]


class AuditEvent(models.Model):
    """One event as Segment told it, kept for longer than Segment keeps it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="audit_events")
    # Segment's own id; what came in a file without one has a digest of its content.
    key = models.CharField(max_length=200)
    at = models.DateTimeField()
    type = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, blank=True, choices=[(each.value, each.value) for each in Kind])
    actor = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=300, blank=True)
    resource_id = models.CharField(max_length=300, blank=True)
    resource_type = models.CharField(max_length=100, blank=True)
    resource_name = models.CharField(max_length=300, blank=True)
    # As it came, masked.
    raw = models.JSONField()
    file = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, related_name="+")
    kept_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-at", "-id"], name="audit_event_newest"),
            models.Index(fields=["kind", "at"], name="audit_event_kind", condition=~models.Q(kind="")),
            models.Index(fields=["kept_at"], name="audit_event_kept", condition=~models.Q(kind="")),
        ]
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="an_event_is_kept_once")]

    @property
    def told(self) -> Told:
        return Told(
            self.key, self.at, self.type, self.actor, self.email, self.resource_id, self.resource_type, self.resource_name
        )  # fmt: skip
