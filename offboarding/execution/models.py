"""The doing of an item, every try of it, and the proof that people add."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.checklist.models import ChecklistItem
from offboarding.evidence.models import AddedFile, Evidence
from offboarding.execution.rules import Act, Ended, Result, Ruled
from offboarding.work.models import Order, order_indexes


class Run(Order):
    """The doing of one item, by the engine or by a person."""

    item = models.OneToOneField(ChecklistItem, on_delete=models.PROTECT, related_name="run")
    manual = models.BooleanField(default=False)
    # Of an emergency: goes before everything else that is due.
    urgent = models.BooleanField(default=False)
    sentence = models.CharField(max_length=500, blank=True)
    cause = models.CharField(max_length=20, blank=True)
    remedy = models.CharField(max_length=500, blank=True)
    ended = models.CharField(max_length=16, blank=True, choices=[(e.value, e.value) for e in Ended])
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="runs"
    )
    # When a person last asked for a new try: from here on calls and troubles are counted.
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.TextField(blank=True, max_length=4000)
    # Goes up with every visible change; pages ask for what is newer than they have.
    touched_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            *order_indexes("run"),
            # What a connection or a pause stopped is asked for at each turn, of all requests.
            models.Index(fields=["cause", "state"], name="run_cause"),
            models.Index(fields=["state", "not_before"], name="run_urgent", condition=models.Q(urgent=True)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(ended="by hand") | models.Q(ended_by__isnull=False),
                name="by_hand_names_the_hand",
            ),
            models.CheckConstraint(
                condition=~models.Q(ended="waived") | (models.Q(ended_by__isnull=False) & ~models.Q(note="")),
                name="a_waiver_says_who_and_why",
            ),
            models.CheckConstraint(
                condition=~models.Q(ended="cancelled")
                | (models.Q(ended_by__isnull=False) & ~models.Q(note="")),
                name="a_cancelled_step_says_who_and_why",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done") | ~models.Q(ended=""), name="done_says_how"
            ),
        ]


class Attempt(models.Model):
    """One look or one call. Committed before it is made, closed after; without a result it was cut off."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    act = models.CharField(max_length=4, choices=[(a.value, a.value) for a in Act])
    intent = models.CharField(max_length=300)
    seen_before = models.JSONField(null=True)
    # The masked call as it was about to be sent; kept first, so that it stands even if nothing came after.
    request = models.JSONField(null=True)
    begun_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=12, blank=True, choices=[(r.value, r.value) for r in Result])
    says = models.CharField(max_length=500, blank=True)
    facts = models.JSONField(default=dict)
    exchanges = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_attempt_per_number")]


class Proof(AddedFile):
    """Evidence that a person tied to a run. Taking it back leaves the row and the file; a corrected one names the old."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="proofs")
    # The file that this one corrects. It stays where it is, and counts no longer.
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "evidence"], name="one_proof_per_file"),
            models.CheckConstraint(
                condition=models.Q(replaces=None) | ~models.Q(replaces=models.F("pk")),
                name="no_proof_corrects_itself",
            ),
        ]


class Secret(models.Model):
    """A new key or login that waits, sealed, for its one use. Afterwards only the fingerprint stays.

    `name` says what it is to its run, such as "new key"; a run holds one at a time under each name.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="secrets")
    name = models.CharField(max_length=60)
    sealed = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=64)
    kept_at = models.DateTimeField(db_default=Now())
    revealed_at = models.DateTimeField(null=True, blank=True)
    revealed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    forgotten_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "name"], condition=models.Q(forgotten_at=None), name="one_secret_per_name"
            ),
            models.CheckConstraint(
                condition=models.Q(forgotten_at=None) | models.Q(sealed=""), name="forgotten_means_gone"
            ),
            models.CheckConstraint(
                condition=models.Q(revealed_at=None) | models.Q(revealed_to__isnull=False),
                name="revealed_says_to_whom",
            ),
        ]


class Ruling(models.Model):
    """What a person decided at a step that left a choice, and what they decided about. The newest one counts."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="rulings")
    what = models.CharField(max_length=8, choices=[(r.value, r.value) for r in Ruled])
    facts = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
