"""Letters to people about one removal, the words that they are made of, and what became of each copy."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.directory.models import Client
from offboarding.evidence.models import Evidence
from offboarding.letters.rules import OPEN, Conditions, Kind, Means, Standing, Word
from offboarding.letters.wording import LONGEST_SUBJECT, Wording
from offboarding.lib import canonical
from offboarding.notifications.models import Mail
from offboarding.removals.models import RemovalRequest
from offboarding.work.models import order_indexes

KINDS = [(kind.value, kind.value) for kind in Kind]


def person(related: str = "+", null: bool = False) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name=related, null=null, blank=null
    )


class TermsVersion(models.Model):
    """One version of what a client wants of letters. Written once; the newest one holds."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="letter_terms")
    version = models.PositiveIntegerField()
    values = models.JSONField()
    set_by = person()
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "version"], name="one_letter_terms_version")]

    @property
    def conditions(self) -> Conditions:
        return Conditions.from_json(self.values)


class TemplateVersion(models.Model):
    """One version of a client's words for one kind of letter. Written once; the newest one holds."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="letter_templates")
    kind = models.CharField(max_length=14, choices=KINDS)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=LONGEST_SUBJECT)
    body = models.TextField()
    language = models.CharField(max_length=8, default="en")
    set_by = person()
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["client", "kind", "version"], name="one_letter_template_version")
        ]

    @property
    def wording(self) -> Wording:
        return Wording(self.subject, self.body, self.language, self.version)


class Letter(models.Model):
    """One letter about one client's places. Its facts and its words are as they were when it was written.

    Only the paragraph of a draft changes. What lapsed, or was given up, says why.
    """

    removal = models.ForeignKey(RemovalRequest, on_delete=models.PROTECT, related_name="letters")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=14, choices=KINDS)
    standing = models.CharField(
        max_length=10, default=Standing.DRAFT, choices=[(each.value, each.value) for each in Standing]
    )
    # Goes up with every change: a form that was opened earlier is refused instead of overwriting.
    version = models.PositiveIntegerField(default=1)
    facts_body = models.BinaryField()
    facts_digest = models.CharField(max_length=64)
    words = models.JSONField()
    paragraph = models.TextField(blank=True)
    written_at = models.DateTimeField()
    # Who wrote or changed the words last; empty: Offboard alone.
    texted_by = person(null=True)
    approved_by = person(null=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_method = models.CharField(max_length=60, blank=True)
    # SHA-256 of the subject and the text that were approved, and are the ones that go.
    text_digest = models.CharField(max_length=64, blank=True)
    released_by = person(null=True)
    released_at = models.DateTimeField(null=True, blank=True)
    because = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["removal", "client", "kind"],
                condition=models.Q(standing__in=[each.value for each in OPEN]),
                name="one_open_letter_per_kind",
            ),
            models.CheckConstraint(
                condition=~models.Q(standing="approved")
                | (models.Q(approved_by__isnull=False) & ~models.Q(text_digest="")),
                name="an_approved_letter_says_by_whom",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_by=None)
                | models.Q(texted_by=None)
                | ~models.Q(approved_by=models.F("texted_by")),
                name="nobody_approves_their_own_words",
            ),
            models.CheckConstraint(
                condition=~models.Q(standing__in=["lapsed", "withdrawn"]) | ~models.Q(because=""),
                name="a_letter_that_ends_says_why",
            ),
        ]

    @property
    def facts(self) -> dict[str, Any]:
        value: dict[str, Any] = canonical.loads(bytes(self.facts_body))
        return value

    @property
    def wording(self) -> Wording:
        return Wording(**self.words)


class Delivery(Mail):
    """One copy of a letter on its way: a mail to one address, or the document that a person takes along."""

    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="deliveries")
    means = models.CharField(max_length=5, choices=[(each.value, each.value) for each in Means])
    # The exact bytes of the mail as it was handed over, or of the document.
    file = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    document = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    word = models.CharField(max_length=10, blank=True, choices=[(each.value, each.value) for each in Word])
    word_by = person(null=True)
    word_at = models.DateTimeField(null=True, blank=True)
    word_note = models.CharField(max_length=500, blank=True)
    word_proof = models.ForeignKey(
        Evidence, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["pk"]
        indexes = order_indexes("delivery")
        constraints = [
            models.UniqueConstraint(fields=["letter", "means", "address"], name="one_copy_per_address"),
            models.CheckConstraint(
                condition=models.Q(word="")
                | models.Q(word_by__isnull=False, word_at__isnull=False, word_proof__isnull=False),
                name="a_word_of_arrival_has_proof",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done") | models.Q(file__isnull=False, sent_at__isnull=False),
                name="a_copy_that_went_is_kept",
            ),
        ]
