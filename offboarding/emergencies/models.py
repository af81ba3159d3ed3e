"""What was released without an approval: on whose word, for which incident, and who looked at it afterwards."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.checklist.models import Plan
from offboarding.directory.models import Client
from offboarding.emergencies.rules import Because, Verdict
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import REASONS

USER = settings.AUTH_USER_MODEL


def person(**options: Any) -> Any:
    return models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", **options)


class Emergency(models.Model):
    """The word that stands where other removals have their approvals. It names exactly one plan, of one client.

    One press makes one for each client concerned, so that each client's people see their own and nothing else.
    """

    # The one of the first client, in all the others of the same press.
    first = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="others")
    removal = models.OneToOneField(RemovalRequest, on_delete=models.PROTECT, related_name="released")
    fingerprint = models.CharField(max_length=64)
    incident = models.CharField(max_length=100)
    known_since = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())
    # The sentence on the button that was pressed, and how the person proved who they are.
    released_by = person()
    text = models.CharField(max_length=300)
    method = models.CharField(max_length=60, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    # Somebody else who confirmed it beforehand, and why that was asked for.
    second = person(null=True, blank=True)
    because = models.CharField(max_length=8, blank=True, choices=[(b.value, b.value) for b in Because])
    second_method = models.CharField(max_length=60, blank=True)
    second_address = models.GenericIPAddressField(null=True, blank=True)
    # So many may lose something, as far as it was known at that moment.
    places = models.PositiveIntegerField()
    review_due_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    overdue_at = models.DateTimeField(null=True, blank=True)
    # By workspace, the snapshot that the checklist behind it was made from; 0 where nothing could be read.
    followed = models.JSONField(default=dict)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(second=models.F("released_by")), name="the_second_person_is_another_one"
            ),
            models.CheckConstraint(
                condition=models.Q(second=None, because="")
                | (models.Q(second__isnull=False) & ~models.Q(because="")),
                name="a_second_person_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(method="") | models.Q(second__isnull=False, because=Because.FACTOR),
                name="released_with_a_proof_or_by_two",
            ),
            models.CheckConstraint(condition=~models.Q(incident=""), name="an_emergency_names_its_incident"),
        ]

    @property
    def press(self) -> int:
        """The same for all of one press."""
        return self.first_id or self.pk


class Hold(models.Model):
    """One emergency at a time for one address at one client. Let go when its request closes."""

    emergency = models.ForeignKey(Emergency, on_delete=models.PROTECT, related_name="holds")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    # As it is compared: without case.
    address = models.CharField(max_length=254)
    held = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "address"],
                condition=models.Q(held=True),
                name="one_open_emergency_per_person_and_client",
            )
        ]


class Ask(models.Model):
    """An emergency that waits for a second person. Nothing has been filed yet."""

    asked_by = person()
    because = models.CharField(max_length=8, choices=[(b.value, b.value) for b in Because])
    addresses = models.JSONField()
    person_name = models.CharField(max_length=120, blank=True)
    workspaces = models.JSONField()
    clients = models.JSONField()
    incident = models.CharField(max_length=100)
    reason = models.CharField(max_length=40, choices=[(r.code, r.says) for r in REASONS.values()])
    known_since = models.DateTimeField()
    time_zone = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    method = models.CharField(max_length=60, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    asked_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    # The one of its first client.
    emergency = models.OneToOneField(
        Emergency, on_delete=models.PROTECT, null=True, blank=True, related_name="asked"
    )
    # What it asks for, in one value: pressing twice asks once.
    digest = models.CharField(max_length=64)
    open = models.BooleanField(default=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["asked_by", "digest"], condition=models.Q(open=True), name="one_ask_for_one_thing"
            ),
            models.CheckConstraint(
                condition=models.Q(open=True, emergency=None) | models.Q(open=False),
                name="an_open_ask_has_released_nothing",
            ),
        ]


class Turn(models.Model):
    """The second press: these steps, which change keys and logins, may begin."""

    emergency = models.ForeignKey(Emergency, on_delete=models.PROTECT, related_name="turns")
    items = models.JSONField()
    by = person()
    at = models.DateTimeField(db_default=Now())
    text = models.CharField(max_length=300)
    method = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]


class Review(models.Model):
    """What a second person says afterwards. One for each emergency, and never by who released it."""

    emergency = models.OneToOneField(Emergency, on_delete=models.PROTECT, related_name="review")
    reviewer = person()
    # Repeated here so that the database itself can keep them apart.
    released_by = person()
    second = person(null=True, blank=True)
    verdict = models.CharField(max_length=8, choices=[(v.value, v.value) for v in Verdict])
    note = models.TextField(max_length=2000)
    text = models.CharField(max_length=300)
    method = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reviewer=models.F("released_by")), name="who_releases_does_not_review"
            ),
            models.CheckConstraint(
                condition=models.Q(second=None) | ~models.Q(reviewer=models.F("second")),
                name="who_confirms_does_not_review",
            ),
            models.CheckConstraint(condition=~models.Q(note=""), name="a_review_says_what_was_looked_at"),
        ]


class Brake(models.Model):
    """So much went in so short a time, or an Owner turned up, that this plan needs more people. It stays, however much time
    passes.
    """

    plan = models.OneToOneField(Plan, on_delete=models.PROTECT, related_name="brake")
    says = models.CharField(max_length=300)
    # How many, at least. Empty: two.
    people = models.PositiveSmallIntegerField(null=True, blank=True)
    at = models.DateTimeField(db_default=Now())
