"""All migrations up to 0010 in one, for a database that has none of these tables yet."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import offboarding.removals.rules


class Migration(migrations.Migration):
    replaces = [
        ("removals", "0001_initial"),
        ("removals", "0002_steering"),
        ("removals", "0003_restoring"),
        ("removals", "0004_by_cause"),
        ("removals", "0005_expiring"),
        ("removals", "0006_emergency"),
        ("removals", "0007_batches"),
        ("removals", "0008_settings"),
        ("removals", "0009_reducing"),
        ("removals", "0010_service_accounts"),
    ]

    initial = True

    dependencies = [
        ("connections", "0004_wanted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RemovalRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(unique=True)),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("planned", "planned"),
                            ("approved", "approved"),
                            ("running", "running"),
                            ("closed", "closed"),
                            ("rejected", "rejected"),
                            ("expired", "expired"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="draft",
                        max_length=12,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("person_name", models.CharField(blank=True, max_length=120)),
                ("addresses", models.JSONField()),
                ("person", models.CharField(max_length=64)),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("contract-ended", "Contract ended"),
                            ("handed-over", "Work handed over"),
                            ("support-expired", "Support period expired"),
                            ("client-terminated", "Client terminated the engagement"),
                            ("workspaces-dropped", "Workspaces dropped from scope"),
                            ("partial", "Partial offboarding"),
                            ("accounts-consolidated", "Accounts consolidated"),
                            ("credentials-compromised", "Credentials compromised"),
                            ("unauthorised-access", "Unauthorised access"),
                            ("compliance-violation", "Compliance violation"),
                            ("audit-finding", "Audit finding"),
                            ("person-left", "Person left or changed role"),
                            ("service-account-retired", "Service account retired"),
                            ("sso-migration", "SSO or SCIM migration (provisioned again later)"),
                            ("credential-rotation", "Credential rotation (invited again later)"),
                            ("something-broke", "Something stopped working"),
                        ],
                        max_length=40,
                    ),
                ),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("time_zone", models.CharField(blank=True, max_length=60)),
                ("ticket", models.CharField(blank=True, max_length=100)),
                ("sow", models.CharField(blank=True, max_length=100)),
                ("handover", models.CharField(blank=True, max_length=200)),
                ("client_informed", models.BooleanField(default=False)),
                ("notes", models.TextField(blank=True, max_length=4000)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("filed_at", models.DateTimeField(blank=True, null=True)),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "requester",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="removals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                (
                    "paused_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("rest_cancelled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "rest_cancelled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("steered_because", models.TextField(blank=True, max_length=2000)),
                (
                    "restores",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="restorations",
                        to="removals.removalrequest",
                    ),
                ),
                ("emergency", models.BooleanField(default=False)),
                ("consumers", models.TextField(blank=True, max_length=2000)),
                ("machine", models.BooleanField(default=False)),
                ("owner", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["-number"],
                "indexes": [models.Index(fields=["stage", "id"], name="removal_stage")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stage", "draft"),
                            ("stage", "withdrawn"),
                            models.Q(
                                ("due_at__isnull", False),
                                ("filed_at__isnull", False),
                                ("starts_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_filed_removal_is_complete",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("paused_at", None),
                            models.Q(
                                ("paused_by__isnull", False),
                                ("stage", "running"),
                                models.Q(("steered_because", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_pause_says_who_and_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rest_cancelled_at", None),
                            models.Q(
                                ("rest_cancelled_by__isnull", False),
                                models.Q(("steered_because", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_cancelled_rest_says_who_and_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("emergency", False),
                            models.Q(
                                ("approved_at", None),
                                models.Q(
                                    ("stage__in", ["draft", "approved", "rejected", "expired", "withdrawn"]),
                                    _negated=True,
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="an_emergency_is_never_called_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stage__in", ["draft", "withdrawn"]),
                            ("machine", False),
                            models.Q(
                                models.Q(("owner", ""), _negated=True),
                                models.Q(("consumers", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_service_account_has_an_owner",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Place",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "choice",
                    models.CharField(
                        choices=[
                            ("remove", "remove"),
                            ("downgrade", "downgrade"),
                            ("reduce", "reduce"),
                            ("keep", "keep"),
                            ("restore", "restore"),
                        ],
                        default=offboarding.removals.rules.Choice["REMOVE"],
                        max_length=10,
                    ),
                ),
                ("until", models.DateField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="places",
                        to="connections.workspace",
                    ),
                ),
                (
                    "removal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="places",
                        to="removals.removalrequest",
                    ),
                ),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("taken", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["workspace__client__name", "workspace__name"],
                "constraints": [
                    models.UniqueConstraint(fields=("removal", "workspace"), name="one_choice_per_place"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("choice", "downgrade"), _negated=True),
                            ("until__isnull", False),
                            _connector="OR",
                        ),
                        name="a_downgrade_has_an_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("choice", "keep"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="keeping_has_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("choice", "restore"), _negated=True),
                            ("ends_at__isnull", False),
                            _connector="OR",
                        ),
                        name="a_restoration_has_an_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("choice", "reduce"), _negated=True),
                            models.Q(("taken", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="reducing_takes_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Being looked over"),
                            ("filing", "Being filed"),
                            ("done", "Done"),
                            ("dropped", "Thrown away"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("reason", models.CharField(max_length=40)),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("time_zone", models.CharField(max_length=60)),
                ("ticket", models.CharField(blank=True, max_length=100)),
                ("client_informed", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("filed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="BatchRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("email", models.CharField(blank=True, max_length=254)),
                ("others", models.TextField(blank=True)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("engagement", models.CharField(blank=True, max_length=200)),
                ("reason", models.CharField(blank=True, max_length=80)),
                ("ticket", models.CharField(blank=True, max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("typed", "Not filed yet"),
                            ("left out", "Left out"),
                            ("waiting", "Waits for its turn"),
                            ("looking", "Looking"),
                            ("filed", "Filed"),
                            ("nothing", "Nothing found"),
                            ("failed", "Not filed"),
                        ],
                        default="typed",
                        max_length=10,
                    ),
                ),
                ("says", models.CharField(blank=True, max_length=500)),
                ("looking_since", models.DateTimeField(blank=True, null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="removals.batch"
                    ),
                ),
                (
                    "removal",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batch_rows",
                        to="removals.removalrequest",
                    ),
                ),
                ("consumers", models.CharField(blank=True, max_length=2000)),
                ("owner", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["number"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "looking"])),
                        fields=["id"],
                        name="batch_row_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "number"), name="one_row_per_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="SettingVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("group", models.CharField(max_length=40)),
                ("version", models.PositiveIntegerField()),
                ("values", models.JSONField()),
                ("set_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("group", "version"), name="one_setting_per_version")
                ],
            },
        ),
    ]
