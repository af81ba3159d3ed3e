"""All migrations up to 0009 in one, for a database that has none of these tables yet."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import offboarding.approvals.policies.rules

policies_stand = import_module("offboarding.approvals.migrations.0003_policies_stand")


class Migration(migrations.Migration):
    replaces = [
        ("approvals", "0001_initial"),
        ("approvals", "0002_policies"),
        ("approvals", "0003_policies_stand"),
        ("approvals", "0004_askings"),
        ("approvals", "0005_open_askings"),
        ("approvals", "0006_rights"),
        ("approvals", "0007_own_rights"),
        ("approvals", "0008_rights_stand"),
        ("approvals", "0009_delegations"),
    ]

    initial = True

    dependencies = [
        ("checklist", "0003_restoring"),
        ("directory", "0001_initial"),
        ("removals", "0005_expiring"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fingerprint", models.CharField(max_length=64)),
                (
                    "decision",
                    models.CharField(
                        choices=[("approve", "approve"), ("reject", "reject"), ("ask", "ask")], max_length=8
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=2000)),
                ("answer", models.TextField(blank=True, max_length=2000)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("text", models.CharField(max_length=300)),
                ("method", models.CharField(max_length=60)),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "approver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="checklist.plan",
                    ),
                ),
                (
                    "plan_made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requester",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("apart", models.BooleanField(default=False)),
                ("fell_at", models.DateTimeField(blank=True, null=True)),
                ("held", models.JSONField(default=list)),
                (
                    "right_of",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("approver", models.F("requester")), _negated=True),
                        name="the_requester_does_not_decide",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("approver", models.F("plan_made_by")), _negated=True),
                        name="the_editor_does_not_decide",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decision", "approve"), models.Q(("note", ""), _negated=True), _connector="OR"
                        ),
                        name="no_and_questions_say_why",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(models.Q(("decision", "ask"), _negated=True), ("fell_at", None)),
                        fields=("plan", "approver"),
                        name="one_decision_per_person_and_plan",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(models.Q(("decision", "ask"), _negated=True), ("fell_at", None)),
                        fields=("plan", "right_of"),
                        name="one_decision_per_right_and_plan",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("right_of", models.F("requester")), _negated=True),
                            models.Q(("right_of", models.F("plan_made_by")), _negated=True),
                        ),
                        name="nobody_decides_for_requester_or_editor",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "environment",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("production", "Production"),
                            ("staging", "Staging"),
                            ("development", "Development"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=40)),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approval_policies",
                        to="directory.client",
                    ),
                ),
            ],
            options={
                "ordering": ["client__name", "environment", "reason"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client", "environment", "reason"), name="one_policy_for_one_thing"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("client", None)),
                        fields=("environment", "reason"),
                        name="one_policy_for_all_clients",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "standing",
                    models.CharField(
                        choices=[
                            ("proposed", "proposed"),
                            ("approved", "approved"),
                            ("declined", "declined"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default=offboarding.approvals.policies.rules.Standing["PROPOSED"],
                        max_length=10,
                    ),
                ),
                ("ends", models.BooleanField(default=False)),
                ("terms_data", models.JSONField()),
                ("why", models.TextField(max_length=1000)),
                ("proposed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("proposed_method", models.CharField(max_length=60)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_method", models.CharField(blank=True, max_length=60)),
                ("note", models.TextField(blank=True, max_length=1000)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="approvals.policy",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("policy", "version"), name="one_policy_version_per_number"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("standing", "proposed")),
                        fields=("policy",),
                        name="one_open_proposal_per_policy",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="who_proposed_a_policy_does_not_decide",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("standing", "approved"),
                                ("version__isnull", False),
                                models.Q(("decided_method", ""), _negated=True),
                            ),
                            models.Q(("version", None), models.Q(("standing", "approved"), _negated=True)),
                            _connector="OR",
                        ),
                        name="a_policy_in_force_names_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("why", ""), _negated=True),
                            models.Q(("proposed_method", ""), _negated=True),
                        ),
                        name="a_proposal_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("standing", "declined"), _negated=True),
                            models.Q(("decided_by__isnull", False), models.Q(("note", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="a_declined_policy_says_who_and_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Asking",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("remind_at", models.DateTimeField(blank=True, null=True)),
                ("escalate_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField()),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("escalated_at", models.DateTimeField(blank=True, null=True)),
                ("over_at", models.DateTimeField(blank=True, null=True)),
                (
                    "plan",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="asking",
                        to="checklist.plan",
                    ),
                ),
                ("fell_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("over_at", None)), fields=["expires_at"], name="asking_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("asked_at"))),
                        name="an_asking_ends_after_it_began",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("why", models.CharField(max_length=300)),
                ("method", models.CharField(max_length=60)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "cancelled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "giver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "to",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["to", "ends_at"], name="delegation_to")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="a_delegation_ends_after_it_began",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("giver", models.F("to")), _negated=True),
                        name="nobody_delegates_to_themself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cancelled_at", None), ("cancelled_by", None)),
                            models.Q(("cancelled_at__isnull", False), ("cancelled_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_cancelled_delegation_says_by_whom",
                    ),
                ],
            },
        ),
        migrations.RunPython(policies_stand.add_triggers, migrations.RunPython.noop),
    ]
