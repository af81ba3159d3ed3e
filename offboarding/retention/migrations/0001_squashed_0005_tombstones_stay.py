"""All migrations up to 0005 in one, for a database that has none of these tables yet."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import offboarding.work.rules

tombstones_stay = import_module("offboarding.retention.migrations.0005_tombstones_stay")


class Migration(migrations.Migration):
    replaces = [
        ("retention", "0001_initial"),
        ("retention", "0002_whose"),
        ("retention", "0003_checks"),
        ("retention", "0004_purges"),
        ("retention", "0005_tombstones_stay"),
    ]

    initial = True

    dependencies = [
        ("directory", "0004_retention"),
        ("discovery", "0001_initial"),
        ("evidence", "0003_client"),
        ("execution", "0006_urgent"),
        ("packets", "0002_keep_until"),
        ("removals", "0008_settings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Extension",
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
                            ("waiting", "waiting"),
                            ("ready", "ready"),
                            ("running", "running"),
                            ("unknown", "unknown"),
                            ("verifying", "verifying"),
                            ("needs_person", "needs_person"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default=offboarding.work.rules.State["READY"],
                        max_length=16,
                    ),
                ),
                ("waiting_for", models.CharField(blank=True, max_length=200)),
                (
                    "not_before",
                    models.DateTimeField(
                        blank=True, db_default=django.db.models.functions.datetime.Now(), null=True
                    ),
                ),
                ("fence", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("crashes", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("years", models.PositiveSmallIntegerField()),
                ("reached", models.PositiveBigIntegerField(default=0)),
                ("files", models.PositiveIntegerField(default=0)),
                ("packets", models.PositiveIntegerField(default=0)),
                ("through", models.BooleanField(default=False)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="directory.client"
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["state", "not_before"], name="extension_due"),
                    models.Index(
                        condition=models.Q(("state", "running")),
                        fields=["lease_until"],
                        name="extension_lease",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("why", models.CharField(max_length=500)),
                ("put_on_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("put_on_method", models.CharField(max_length=60)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lifted_method", models.CharField(blank=True, max_length=60)),
                ("lifted_because", models.CharField(blank=True, max_length=500)),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_holds",
                        to="directory.client",
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "put_on_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "removal",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_holds",
                        to="removals.removalrequest",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("client", None), ("removal__isnull", False)),
                            models.Q(("client__isnull", False), ("removal", None)),
                            _connector="OR",
                        ),
                        name="a_hold_is_on_a_client_or_a_request",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)),
                        fields=("client",),
                        name="one_hold_per_client",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)),
                        fields=("removal",),
                        name="one_hold_per_request",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("why", ""), _negated=True), name="a_hold_says_why"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("lifted_at", None),
                            models.Q(
                                ("lifted_by__isnull", False), models.Q(("lifted_because", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="a_lifted_hold_says_who_and_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvidenceCheck",
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
                            ("waiting", "waiting"),
                            ("ready", "ready"),
                            ("running", "running"),
                            ("unknown", "unknown"),
                            ("verifying", "verifying"),
                            ("needs_person", "needs_person"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default=offboarding.work.rules.State["READY"],
                        max_length=16,
                    ),
                ),
                ("waiting_for", models.CharField(blank=True, max_length=200)),
                (
                    "not_before",
                    models.DateTimeField(
                        blank=True, db_default=django.db.models.functions.datetime.Now(), null=True
                    ),
                ),
                ("fence", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("crashes", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("reached", models.CharField(blank=True, max_length=64)),
                ("packet", models.PositiveBigIntegerField(default=0)),
                ("files", models.PositiveIntegerField(default=0)),
                ("packets", models.PositiveIntegerField(default=0)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("wrong", models.PositiveIntegerField(default=0)),
                ("named", models.JSONField(default=list)),
                ("extra", models.PositiveIntegerField(default=0)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["state", "not_before"], name="evidencecheck_due"),
                    models.Index(
                        condition=models.Q(("state", "running")),
                        fields=["lease_until"],
                        name="evidencecheck_lease",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.Value(1),
                        condition=models.Q(
                            ("state__in", ["done", "failed", "cancelled", "needs_person"]), _negated=True
                        ),
                        name="one_evidence_check_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Purge",
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
                            ("waiting", "waiting"),
                            ("ready", "ready"),
                            ("running", "running"),
                            ("unknown", "unknown"),
                            ("verifying", "verifying"),
                            ("needs_person", "needs_person"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default=offboarding.work.rules.State["READY"],
                        max_length=16,
                    ),
                ),
                ("waiting_for", models.CharField(blank=True, max_length=200)),
                (
                    "not_before",
                    models.DateTimeField(
                        blank=True, db_default=django.db.models.functions.datetime.Now(), null=True
                    ),
                ),
                ("fence", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("crashes", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("before", models.DateField()),
                ("why", models.CharField(max_length=500)),
                ("files", models.PositiveIntegerField()),
                ("size", models.PositiveBigIntegerField()),
                ("gone", models.PositiveIntegerField(default=0)),
                ("gone_size", models.PositiveBigIntegerField(default=0)),
                ("asked_method", models.CharField(max_length=60)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("confirmed_method", models.CharField(blank=True, max_length=60)),
                ("declined_because", models.CharField(blank=True, max_length=500)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="purges",
                        to="directory.client",
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "declined_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["state", "not_before"], name="purge_due"),
                    models.Index(
                        condition=models.Q(("state", "running")), fields=["lease_until"], name="purge_lease"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("confirmed_by", models.F("asked_by")), _negated=True),
                        name="who_asks_for_a_purge_does_not_confirm",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_by__isnull", False),
                            ("state", "cancelled"),
                            models.Q(("not_before", None), ("state", "waiting")),
                            _connector="OR",
                        ),
                        name="no_purge_begins_unconfirmed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("why", ""), _negated=True), ("files__gt", 0)),
                        name="a_purge_says_what_and_why",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["done", "failed", "cancelled"]), _negated=True),
                        fields=("client",),
                        name="one_purge_at_a_time_for_a_client",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tombstone",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("what", models.CharField(max_length=500)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("deleted", "Gone"), ("shared", "Its bytes stay for another file")],
                        max_length=8,
                    ),
                ),
                ("gone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "evidence",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tombstone",
                        to="evidence.evidence",
                    ),
                ),
                (
                    "packet",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tombstone",
                        to="packets.packet",
                    ),
                ),
                (
                    "purge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tombstones",
                        to="retention.purge",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("gone_at", None)), fields=["purge"], name="tombstone_to_do"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("evidence", None), ("packet__isnull", False)),
                            models.Q(("evidence__isnull", False), ("packet", None)),
                            _connector="OR",
                        ),
                        name="a_tombstone_is_of_a_file_or_a_packet",
                    )
                ],
            },
        ),
        migrations.RunPython(tombstones_stay.add_triggers, migrations.RunPython.noop),
    ]
