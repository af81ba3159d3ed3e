"""A person's wish: whose access goes, why, how urgently, by when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.connections.models import Workspace
from offboarding.evidence.models import AddedFile
from offboarding.lib.addresses import same
from offboarding.removals.rules import OPEN, REASONS, Choice, Stage

FIRST_NUMBER = 1001


class RemovalRequest(models.Model):
    """From the moment it is filed only its stage moves, and its plan may get a new version."""

    number = models.PositiveIntegerField(unique=True)
    stage = models.CharField(max_length=12, default=Stage.DRAFT, choices=[(s.value, s.value) for s in Stage])
    # Goes up with every change: a form that was opened earlier is refused instead of overwriting.
    version = models.PositiveIntegerField(default=1)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="removals")
    # A restoration names the request that took away what it gives back.
    restores = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="restorations"
    )
    # Released without an approval, for an incident; a second person reviews it afterwards.
    emergency = models.BooleanField(default=False)
    person_name = models.CharField(max_length=120, blank=True)
    addresses = models.JSONField()
    person = models.CharField(max_length=64)
    reason = models.CharField(max_length=40, blank=True, choices=[(r.code, r.says) for r in REASONS.values()])
    starts_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)
    ticket = models.CharField(max_length=100, blank=True)
    sow = models.CharField(max_length=100, blank=True)
    # Where accounts of one person are merged: the address among them whose account stays.
    stays = models.CharField(max_length=254, blank=True)
    # A service account: nobody signs in with it, somebody answers for it, and things run with it.
    machine = models.BooleanField(default=False)
    owner = models.CharField(max_length=200, blank=True)
    consumers = models.TextField(blank=True, max_length=2000)
    handover = models.CharField(max_length=200, blank=True)
    client_informed = models.BooleanField(default=False)
    notes = models.TextField(blank=True, max_length=4000)
    created_at = models.DateTimeField(db_default=Now())
    filed_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # From here on no call begins, until somebody lets the work go on.
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # From here on no call ever begins; what was called already is looked at to its end.
    rest_cancelled_at = models.DateTimeField(null=True, blank=True)
    rest_cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Why it is paused, or why the rest was cancelled.
    steered_because = models.TextField(blank=True, max_length=2000)

    class Meta:
        ordering = ["-number"]
        indexes = [models.Index(fields=["stage", "id"], name="removal_stage")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage="draft")
                | models.Q(stage="withdrawn")
                | models.Q(filed_at__isnull=False, starts_at__isnull=False, due_at__isnull=False),
                name="a_filed_removal_is_complete",
            ),
            models.CheckConstraint(
                condition=models.Q(stage__in=["draft", "withdrawn"])
                | models.Q(machine=False)
                | (~models.Q(owner="") & ~models.Q(consumers="")),
                name="a_service_account_has_an_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(stays="")
                | models.Q(stage__in=["draft", "withdrawn"])
                | models.Q(restores__isnull=False)
                | models.Q(reason="accounts-consolidated", machine=False),
                name="an_account_stays_where_accounts_are_merged",
            ),
            models.CheckConstraint(
                condition=models.Q(paused_at=None)
                | (models.Q(paused_by__isnull=False, stage="running") & ~models.Q(steered_because="")),
                name="a_pause_says_who_and_why",
            ),
            models.CheckConstraint(
                condition=models.Q(rest_cancelled_at=None)
                | (models.Q(rest_cancelled_by__isnull=False) & ~models.Q(steered_because="")),
                name="a_cancelled_rest_says_who_and_why",
            ),
            models.CheckConstraint(
                condition=models.Q(emergency=False)
                | (
                    models.Q(approved_at=None)
                    & ~models.Q(stage__in=["draft", "approved", "rejected", "expired", "withdrawn"])
                ),
                name="an_emergency_is_never_called_approved",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        return f"R-{self.number}"

    @property
    def email(self) -> str:
        return str(self.addresses[0])

    @property
    def going(self) -> tuple[str, ...]:
        """The addresses whose access goes: all of the person's but the one that stays."""
        return tuple(each for each in self.addresses if not (self.stays and same(each, self.stays)))

    @property
    def reason_says(self) -> str:
        return REASONS[self.reason].says if self.reason else ""

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN


class Place(models.Model):
    """One workspace in a removal, and what should happen there."""

    removal = models.ForeignKey(RemovalRequest, on_delete=models.CASCADE, related_name="places")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="places")
    choice = models.CharField(
        max_length=10, choices=[(c.value, c.value) for c in Choice], default=Choice.REMOVE
    )
    until = models.DateField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    # What goes where only some of it goes: keys of holdings, with blanks between.
    taken = models.TextField(blank=True)

    class Meta:
        ordering = ["workspace__client__name", "workspace__name"]
        constraints = [
            models.UniqueConstraint(fields=["removal", "workspace"], name="one_choice_per_place"),
            models.CheckConstraint(
                condition=~models.Q(choice="downgrade") | models.Q(until__isnull=False),
                name="a_downgrade_has_an_end",
            ),
            models.CheckConstraint(
                condition=~models.Q(choice="restore") | models.Q(ends_at__isnull=False),
                name="a_restoration_has_an_end",
            ),
            models.CheckConstraint(
                condition=~models.Q(choice="keep") | ~models.Q(reason=""), name="keeping_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~models.Q(choice="reduce") | ~models.Q(taken=""), name="reducing_takes_something"
            ),
        ]


class Attachment(AddedFile):
    """A file that its requester added to a request. Taken off a draft it is gone; later it stays, as taken back."""

    removal = models.ForeignKey(RemovalRequest, on_delete=models.PROTECT, related_name="attachments")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["removal", "evidence"], name="one_attachment_per_file"),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None, withdrawn_by=None)
                | (
                    models.Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                    & ~models.Q(withdrawn_because="")
                ),
                name="a_file_taken_back_says_by_whom_and_why",
            ),
        ]


class Batch(models.Model):
    """A list of people that one user files requests for at once: looked over first, then worked through by the engine."""

    class State(models.TextChoices):
        OPEN = "open", "Being looked over"
        FILING = "filing", "Being filed"
        DONE = "done", "Done"
        DROPPED = "dropped", "Thrown away"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="batches")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    # What holds for every row that says nothing else.
    reason = models.CharField(max_length=40)
    starts_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=60)
    ticket = models.CharField(max_length=100, blank=True)
    client_informed = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    filed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]


class BatchRow(models.Model):
    """One person of the list, as typed, and what became of it."""

    class State(models.TextChoices):
        TYPED = "typed", "Not filed yet"
        LEFT_OUT = "left out", "Left out"
        WAITING = "waiting", "Waits for its turn"
        LOOKING = "looking", "Looking"
        FILED = "filed", "Filed"
        NOTHING = "nothing", "Nothing found"
        FAILED = "failed", "Not filed"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveSmallIntegerField()
    email = models.CharField(max_length=254, blank=True)
    others = models.TextField(blank=True)
    name = models.CharField(max_length=120, blank=True)
    engagement = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=80, blank=True)
    ticket = models.CharField(max_length=100, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    consumers = models.CharField(max_length=2000, blank=True)
    stays = models.CharField(max_length=254, blank=True)
    takes = models.CharField(max_length=2000, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.TYPED)
    says = models.CharField(max_length=500, blank=True)
    removal = models.ForeignKey(
        RemovalRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="batch_rows"
    )
    looking_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="one_row_per_number")]
        indexes = [
            models.Index(
                fields=["id"], name="batch_row_due", condition=models.Q(state__in=["waiting", "looking"])
            )
        ]


class SettingVersion(models.Model):
    """One version of a group of settings. Written once; the newest one holds."""

    group = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    values = models.JSONField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "version"], name="one_setting_per_version")]
