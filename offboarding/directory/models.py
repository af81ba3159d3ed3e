"""Clients, what they bought, who of us works there, and whose access we look after."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now

from offboarding.directory.frameworks import LEAST, MOST
from offboarding.directory.rules import WITHIN_ENGAGEMENTS, Act, Grant, Said, Standing
from offboarding.users.rules import Role


class Client(models.Model):
    """A customer organisation. The outermost wall: people see the clients that they belong to."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    # Where its days begin and end; empty: where the installation's do.
    time_zone = models.CharField(max_length=60, blank=True)
    contact = models.CharField(max_length=200, blank=True)
    # We no longer work for them. What was done stays.
    ended_at = models.DateTimeField(null=True, blank=True)
    # Codes of `frameworks.FRAMEWORKS` that this client is audited by.
    frameworks = models.JSONField(default=list, blank=True)
    # How long records are kept, in whole years; empty: as long as the installation keeps them.
    retention_years = models.PositiveSmallIntegerField(null=True, blank=True)
    # Goes up with every change: a form that was opened earlier is refused instead of overwriting.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="one_client_per_name_in_any_case"),
            models.CheckConstraint(
                condition=models.Q(retention_years=None) | models.Q(retention_years__range=(LEAST, MOST)),
                name="a_client_keeps_three_to_ten_years",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Engagement(models.Model):
    """What a client bought, from which to which day (both count, in the client's time zone), and who leads it."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="engagements")
    name = models.CharField(max_length=200)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    lead = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="leads")
    sow = models.CharField(max_length=100, blank=True)
    # Somebody said that it is over. Its roster stays, so that nobody on it is forgotten.
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["client__name", "name"]
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="one_engagement_per_name")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One role of one user, within one client (empty: within all), for a period (empty: without end).

    It may name one engagement of the client: then it reaches what that one covers, for as long as it goes on.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, blank=True)
    engagement = models.ForeignKey(
        Engagement, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    # Of an auditor: only what belongs to these days is theirs to read (empty: without limit).
    records_from = models.DateField(null=True, blank=True)
    records_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "client"],
                condition=models.Q(engagement=None),
                name="one_membership_per_role",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "engagement"], name="one_membership_per_engagement"
            ),
            models.UniqueConstraint(
                fields=["user", "role"], condition=models.Q(client=None), name="one_membership_everywhere"
            ),
            models.CheckConstraint(
                condition=models.Q(engagement=None)
                | models.Q(client__isnull=False, role__in=[role.value for role in WITHIN_ENGAGEMENTS]),
                name="who_works_within_an_engagement",
            ),
        ]


class Proposal(models.Model):
    """What shall become of somebody's access here, said by one administrator: it holds once another one has agreed."""

    act = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Act])
    # Empty for somebody who is to be invited.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120)
    # Grants as they shall be and as they were, and the clients that whoever agrees has to administer.
    grants = models.JSONField(default=list)
    before = models.JSONField(default=list)
    reach = models.JSONField(default=list)
    why = models.TextField(max_length=500)
    standing = models.CharField(
        max_length=10, default=Standing.PROPOSED, choices=[(each.value, each.value) for each in Standing]
    )
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    proposed_method = models.CharField(max_length=60)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_method = models.CharField(max_length=60, blank=True)
    note = models.TextField(blank=True, max_length=500)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=models.Q(standing="proposed", person__isnull=False),
                name="one_open_proposal_per_person",
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(standing="proposed", person=None),
                name="one_open_invitation_per_address",
            ),
            models.CheckConstraint(
                condition=~models.Q(decided_by=models.F("proposed_by")) | models.Q(decided_by=None),
                name="who_proposed_a_person_does_not_agree",
            ),
            models.CheckConstraint(
                condition=models.Q(person=None) | ~models.Q(person=models.F("proposed_by")),
                name="nobody_proposes_themself",
            ),
            models.CheckConstraint(
                condition=~models.Q(standing="agreed")
                | (
                    models.Q(decided_by__isnull=False, decided_at__isnull=False)
                    & ~models.Q(decided_method="")
                ),
                name="what_was_agreed_names_two_people",
            ),
            models.CheckConstraint(
                condition=~models.Q(standing="declined")
                | (models.Q(decided_by__isnull=False) & ~models.Q(note="")),
                name="what_was_declined_says_who_and_why",
            ),
            models.CheckConstraint(
                condition=~models.Q(why="") & ~models.Q(proposed_method=""), name="a_proposed_person_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(person=None, act="invite")
                | models.Q(person__isnull=False, act__in=["roles", "correct"]),
                name="who_is_invited_is_nobody_yet",
            ),
        ]

    @property
    def said(self) -> Said:
        return Said(Act(self.act), self.email, self.name, tuple(map(Grant.from_json, self.grants)))


class Collaborator(models.Model):
    """A person or service account, as one client knows it. Its addresses are all the same identity.

    Requests and snapshots name addresses, not this row: what was asked and seen stays as it was when this changes.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        SERVICE = "service", "Service account"

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="collaborators")
    engagements = models.ManyToManyField(Engagement, related_name="roster", blank=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    # Turned out to be this one: its addresses and engagements are there now.
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """One address of a collaborator. A retired one is not theirs any more: it is kept, and no longer searched for."""

    class Kind(models.TextChoices):
        WORK = "work", "Work"
        PERSONAL = "personal", "Personal"
        ALIAS = "alias", "Alias"
        EARLIER = "earlier", "Earlier employer"

    collaborator = models.ForeignKey(Collaborator, on_delete=models.CASCADE, related_name="addresses")
    email = models.CharField(max_length=254)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.WORK)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("collaborator", Lower("email"), name="one_address_per_collaborator")
        ]
        indexes = [models.Index(Lower("email"), name="address_email")]
