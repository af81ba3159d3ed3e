"""Policies and their versions; one person's yes, no or question, to one fingerprint."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from offboarding.approvals.policies.rules import Selector, Standing, Terms, in_words
from offboarding.approvals.rules import Decision
from offboarding.checklist.models import Plan
from offboarding.connections.models import Workspace
from offboarding.directory.models import Client
from offboarding.removals.rules import REASONS


class Policy(models.Model):
    """What one line of rules is for. What it says stands in its versions. Empty means every one."""

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="approval_policies"
    )
    environment = models.CharField(max_length=12, blank=True, choices=Workspace.Environment.choices)
    # A reason's code, or the name of a group of reasons.
    reason = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["client__name", "environment", "reason"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "environment", "reason"], name="one_policy_for_one_thing"
            ),
            models.UniqueConstraint(
                fields=["environment", "reason"],
                condition=models.Q(client=None),
                name="one_policy_for_all_clients",
            ),
        ]

    def __str__(self) -> str:
        reason = REASONS[self.reason].says if self.reason in REASONS else self.reason
        return in_words(self.client.name if self.client else "", self.environment, reason)

    @property
    def selector(self) -> Selector:
        return Selector(self.client_id, self.environment, self.reason)


class PolicyVersion(models.Model):
    """Proposed by one administrator, in force once another has approved it; then it never changes.

    `ends`: from then on this policy says nothing, and a more general one applies.
    """

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    # Counted from 1 as they come into force; what is only proposed has none.
    version = models.PositiveIntegerField(null=True, blank=True)
    standing = models.CharField(
        max_length=10, default=Standing.PROPOSED, choices=[(each.value, each.value) for each in Standing]
    )
    ends = models.BooleanField(default=False)
    terms_data = models.JSONField()
    why = models.TextField(max_length=1000)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    proposed_method = models.CharField(max_length=60)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_method = models.CharField(max_length=60, blank=True)
    note = models.TextField(blank=True, max_length=1000)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "version"], name="one_policy_version_per_number"),
            models.UniqueConstraint(
                fields=["policy"],
                condition=models.Q(standing="proposed"),
                name="one_open_proposal_per_policy",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("proposed_by")),
                name="who_proposed_a_policy_does_not_decide",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    standing="approved",
                    version__isnull=False,
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                )
                & ~models.Q(decided_method="")
                | (models.Q(version=None) & ~models.Q(standing="approved")),
                name="a_policy_in_force_names_two_people",
            ),
            models.CheckConstraint(
                condition=~models.Q(why="") & ~models.Q(proposed_method=""), name="a_proposal_says_why"
            ),
            models.CheckConstraint(
                condition=~models.Q(standing="declined")
                | (models.Q(decided_by__isnull=False) & ~models.Q(note="")),
                name="a_declined_policy_says_who_and_why",
            ),
        ]

    @property
    def terms(self) -> Terms:
        return Terms.from_json(self.terms_data)


class Asking(models.Model):
    """One plan that was put before its approvers: until when they can decide, who hears of it meanwhile, and when."""

    plan = models.OneToOneField(Plan, on_delete=models.PROTECT, related_name="asking")
    asked_at = models.DateTimeField()
    # Empty means never.
    remind_at = models.DateTimeField(null=True, blank=True)
    escalate_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    # An approval fell while the work went on: nothing more is changed until enough others have approved.
    fell_at = models.DateTimeField(null=True, blank=True)
    # It expired, or another plan took its place.
    over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="asking_open", condition=models.Q(over_at=None))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("asked_at")), name="an_asking_ends_after_it_began"
            ),
        ]


class Delegation(models.Model):
    """Somebody lets another person decide in their place, from then until then."""

    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="delegations")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    why = models.CharField(max_length=300)
    method = models.CharField(max_length=60)
    made_at = models.DateTimeField(db_default=Now())
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["to", "ends_at"], name="delegation_to")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="a_delegation_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=~models.Q(giver=models.F("to")), name="nobody_delegates_to_themself"
            ),
            models.CheckConstraint(
                condition=models.Q(cancelled_at=None, cancelled_by=None)
                | models.Q(cancelled_at__isnull=False, cancelled_by__isnull=False),
                name="a_cancelled_delegation_says_by_whom",
            ),
        ]


class Approval(models.Model):
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="approvals")
    fingerprint = models.CharField(max_length=64)
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    # Whose right it was: their own, or that of the person who had delegated it to them.
    right_of = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # Repeated here so that the database itself can keep them apart.
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    plan_made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=8, choices=[(d.value, d.value) for d in Decision])
    note = models.TextField(blank=True, max_length=2000)
    answer = models.TextField(blank=True, max_length=2000)
    answered_at = models.DateTimeField(null=True, blank=True)
    # The sentence on the button that was pressed, and how the person proved who they are.
    text = models.CharField(max_length=300)
    method = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField(db_default=Now())
    # As what they were asked (words of `policies.rules.Who`): a yes stands only while one of these is still held.
    held = models.JSONField(default=list)
    # Somebody found, before the work was done, that it does not stand any more. It never counts again.
    fell_at = models.DateTimeField(null=True, blank=True)
    # The policy keeps approving and doing apart: this person works on no step of the request.
    apart = models.BooleanField(default=False)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "approver"],
                condition=~models.Q(decision="ask") & models.Q(fell_at=None),
                name="one_decision_per_person_and_plan",
            ),
            models.UniqueConstraint(
                fields=["plan", "right_of"],
                condition=~models.Q(decision="ask") & models.Q(fell_at=None),
                name="one_decision_per_right_and_plan",
            ),
            models.CheckConstraint(
                condition=~models.Q(right_of=models.F("requester"))
                & ~models.Q(right_of=models.F("plan_made_by")),
                name="nobody_decides_for_requester_or_editor",
            ),
            models.CheckConstraint(
                condition=~models.Q(approver=models.F("requester")), name="the_requester_does_not_decide"
            ),
            models.CheckConstraint(
                condition=~models.Q(approver=models.F("plan_made_by")), name="the_editor_does_not_decide"
            ),
            models.CheckConstraint(
                condition=models.Q(decision="approve") | ~models.Q(note=""), name="no_and_questions_say_why"
            ),
        ]
