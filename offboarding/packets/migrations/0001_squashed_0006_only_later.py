"""All migrations up to 0006 in one, for a database that has none of these tables yet."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import offboarding.work.rules

only_later = import_module("offboarding.packets.migrations.0006_only_later")


class Migration(migrations.Migration):
    replaces = [
        ("packets", "0001_initial"),
        ("packets", "0002_keep_until"),
        ("packets", "0003_versions"),
        ("packets", "0004_shares"),
        ("packets", "0005_redaction"),
        ("packets", "0006_only_later"),
    ]

    initial = True

    dependencies = [
        ("removals", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Packet",
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
                ("version", models.PositiveSmallIntegerField(default=1)),
                ("file", models.CharField(blank=True, max_length=200)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("bag_sha256", models.CharField(blank=True, max_length=64)),
                ("key_id", models.CharField(blank=True, max_length=16)),
                ("sealed_at", models.DateTimeField(blank=True, null=True)),
                ("items", models.PositiveSmallIntegerField(default=0)),
                ("trouble", models.CharField(blank=True, max_length=300)),
                (
                    "removal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packets",
                        to="removals.removalrequest",
                    ),
                ),
                ("keep_until", models.DateField(blank=True, null=True)),
                ("because", models.TextField(blank=True)),
                ("report_sha256", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["state", "not_before"], name="packet_due"),
                    models.Index(
                        condition=models.Q(("state", "running")), fields=["lease_until"], name="packet_lease"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("removal", "version"), name="one_packet_per_version"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(models.Q(("sha256", ""), _negated=True), ("sealed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="sealed_has_its_digest",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Share",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.EmailField(max_length=254)),
                ("token_sha256", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("until", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_because", models.CharField(blank=True, max_length=300)),
                ("code", models.CharField(blank=True, max_length=64)),
                ("code_at", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("wrong", models.PositiveSmallIntegerField(default=0)),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "packet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shares",
                        to="packets.packet",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("packet", "address"),
                        name="one_share_per_address",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None),
                            models.Q(("ended_because", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="an_ended_share_says_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "did",
                    models.CharField(
                        choices=[
                            ("asked", "asked"),
                            ("refused", "refused"),
                            ("opened", "opened"),
                            ("took", "took"),
                        ],
                        max_length=10,
                    ),
                ),
                ("part", models.CharField(blank=True, max_length=20)),
                ("network_address", models.GenericIPAddressField(blank=True, null=True)),
                ("browser", models.CharField(blank=True, max_length=200)),
                (
                    "share",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="visits", to="packets.share"
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["share", "did", "at"], name="visit_of_share")],
            },
        ),
        migrations.CreateModel(
            name="Redaction",
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
                ("file", models.CharField(blank=True, max_length=200)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("bag_sha256", models.CharField(blank=True, max_length=64)),
                ("files", models.PositiveSmallIntegerField(default=0)),
                ("left_out", models.PositiveSmallIntegerField(default=0)),
                ("trouble", models.CharField(blank=True, max_length=300)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "packet",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redaction",
                        to="packets.packet",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["state", "not_before"], name="redaction_due"),
                    models.Index(
                        condition=models.Q(("state", "running")),
                        fields=["lease_until"],
                        name="redaction_lease",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(("sha256", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="a_copy_has_its_digest",
                    )
                ],
            },
        ),
        migrations.RunPython(only_later.only_later, migrations.RunPython.noop),
    ]
