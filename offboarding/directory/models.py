"""Clients, what they bought, who of us works there, and whose access we look after."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from offboarding.users.rules import Role


class Client(models.Model):
    """A customer organisation. The outermost wall: people see the clients that they belong to."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=60, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Engagement(models.Model):
    """What a client bought, until when, and who leads it."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="engagements")
    name = models.CharField(max_length=200)
    ends_on = models.DateField(null=True, blank=True)
    lead = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="leads")
    sow = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="one_engagement_per_name")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One role of one user, within one client (empty: within all), for a period (empty: without end)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "client"], name="one_membership_per_role"),
            models.UniqueConstraint(
                fields=["user", "role"], condition=models.Q(client=None), name="one_membership_everywhere"
            ),
        ]


class Collaborator(models.Model):
    """A person or service account, as one client knows it. Its addresses are all the same identity."""

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        SERVICE = "service", "Service account"

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="collaborators")
    engagement = models.ForeignKey(
        Engagement, on_delete=models.SET_NULL, null=True, blank=True, related_name="roster"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)


class Address(models.Model):
    collaborator = models.ForeignKey(Collaborator, on_delete=models.CASCADE, related_name="addresses")
    email = models.CharField(max_length=254)

    class Meta:
        constraints = [
            models.UniqueConstraint("collaborator", Lower("email"), name="one_address_per_collaborator")
        ]
        indexes = [models.Index(Lower("email"), name="address_email")]
