"""Connected Segment workspaces."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.directory.models import Client, Engagement


class Workspace(models.Model):
    """A Segment connection: one workspace, one region, one token. The token is sealed; `keyring` alone opens it."""

    class Environment(models.TextChoices):
        PRODUCTION = "production", "Production"
        STAGING = "staging", "Staging"
        DEVELOPMENT = "development", "Development"

    class Region(models.TextChoices):
        US = "us", "US"
        EU = "eu", "EU"

    class ManagedBy(models.TextChoices):
        UNKNOWN = "unknown", "not known"
        HAND = "hand", "by hand"
        SSO = "sso", "SSO"
        SCIM = "scim", "SCIM"

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="workspaces")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80)
    environment = models.CharField(max_length=12, choices=Environment.choices)
    region = models.CharField(max_length=2, choices=Region.choices)
    base_url = models.URLField(max_length=200)
    segment_id = models.CharField(max_length=40)
    managed_by = models.CharField(max_length=8, choices=ManagedBy.choices, default=ManagedBy.UNKNOWN)
    provider_group = models.CharField(max_length=120, blank=True)
    owner_contact = models.CharField(max_length=200, blank=True)
    # When somebody there can help: ISO weekdays ("12345"), and from and until when, by the client's clocks.
    support_days = models.CharField(max_length=7, blank=True)
    support_from = models.TimeField(null=True, blank=True)
    support_until = models.TimeField(null=True, blank=True)
    # Which approvals a request needs depends on the environment, so two people say that it is another one.
    environment_wanted = models.CharField(max_length=12, blank=True, choices=Environment.choices)
    wanted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    wanted_at = models.DateTimeField(null=True, blank=True)
    # Goes up when a person changes what stands above.
    version = models.PositiveIntegerField(default=1)

    sealed_token = models.TextField()
    token_last4 = models.CharField(max_length=4)
    token_set_at = models.DateTimeField(db_default=Now())
    # When it was told that this token is old; once for each token.
    old_at = models.DateTimeField(null=True, blank=True)
    # Segment asked us to wait: nobody uses this credential before then.
    paused_until = models.DateTimeField(null=True, blank=True)
    # Calls in a row that reached nobody or brought nothing clear. Enough of them open the circuit: until then nobody
    # calls, and then one read tries whether Segment answers again.
    troubles = models.PositiveSmallIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    # When the circuit last closed: steps that gave up before then try again.
    closed_at = models.DateTimeField(null=True, blank=True)
    # The token was refused: every step that needs it waits for a person.
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_why = models.CharField(max_length=300, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    # Disconnected: its token is forgotten, and nobody looks there until it gets another one. What was done stays.
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["client__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["base_url", "segment_id"], name="one_connection_per_workspace"),
            models.UniqueConstraint(fields=["client", "name"], name="one_workspace_per_name"),
            models.CheckConstraint(
                condition=models.Q(environment_wanted="", wanted_by=None, wanted_at=None)
                | ~models.Q(environment_wanted="")
                & ~models.Q(environment_wanted=models.F("environment"))
                & models.Q(wanted_by__isnull=False, wanted_at__isnull=False),
                name="another_environment_is_somebodys_wish",
            ),
            models.CheckConstraint(
                condition=models.Q(support_days="", support_from=None, support_until=None)
                | models.Q(support_from__lt=models.F("support_until")) & ~models.Q(support_days=""),
                name="support_hours_are_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Owner(models.Model):
    """Somebody here who looks after a connection: its notices go to them."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="owners")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="a_connection_names_an_owner_once")
        ]


class Coverage(models.Model):
    """An engagement works in this workspace."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="coverage")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="coverage")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["engagement", "workspace"], name="a_workspace_is_covered_once")
        ]


class Wanted(models.Model):
    """A workspace that somebody was asked to connect, because only they can make its token."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="wanted")
    name = models.CharField(max_length=120)
    environment = models.CharField(max_length=12, choices=Workspace.Environment.choices)
    region = models.CharField(max_length=2, choices=Workspace.Region.choices)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    # Connected, or not wanted any more.
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["client__name", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "name"], condition=models.Q(ended_at=None), name="one_asks_for_a_workspace"
            )
        ]
