"""All migrations up to 0007 in one, for a database that has none of these tables yet."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import offboarding.work.rules


class Migration(migrations.Migration):
    replaces = [
        ("execution", "0001_initial"),
        ("execution", "0002_secrets"),
        ("execution", "0003_steering"),
        ("execution", "0004_rulings"),
        ("execution", "0005_by_cause"),
        ("execution", "0006_urgent"),
        ("execution", "0007_corrected_proofs"),
    ]

    initial = True

    dependencies = [
        ("checklist", "0003_restoring"),
        ("evidence", "0003_client"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Run",
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
                ("manual", models.BooleanField(default=False)),
                ("sentence", models.CharField(blank=True, max_length=500)),
                ("cause", models.CharField(blank=True, max_length=20)),
                ("remedy", models.CharField(blank=True, max_length=500)),
                (
                    "ended",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("changed", "changed"),
                            ("already", "already"),
                            ("by hand", "by hand"),
                            ("waived", "waived"),
                            ("cancelled", "cancelled"),
                            ("nothing to do", "nothing to do"),
                        ],
                        max_length=16,
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.TextField(blank=True, max_length=4000)),
                ("touched_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run",
                        to="checklist.checklistitem",
                    ),
                ),
                ("urgent", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "not_before"], name="run_due"),
                    models.Index(
                        condition=models.Q(("state", "running")), fields=["lease_until"], name="run_lease"
                    ),
                    models.Index(fields=["cause", "state"], name="run_cause"),
                    models.Index(
                        condition=models.Q(("urgent", True)),
                        fields=["state", "not_before"],
                        name="run_urgent",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended", "by hand"), _negated=True),
                            ("ended_by__isnull", False),
                            _connector="OR",
                        ),
                        name="by_hand_names_the_hand",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended", "waived"), _negated=True),
                            models.Q(("ended_by__isnull", False), models.Q(("note", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="a_waiver_says_who_and_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(("ended", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="done_says_how",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended", "cancelled"), _negated=True),
                            models.Q(("ended_by__isnull", False), models.Q(("note", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="a_cancelled_step_says_who_and_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Proof",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("added_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "evidence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evidence.evidence"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="proofs", to="execution.run"
                    ),
                ),
                (
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrected_by",
                        to="execution.proof",
                    ),
                ),
                ("withdrawn_because", models.CharField(blank=True, max_length=300)),
                (
                    "withdrawn_by",
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
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "evidence"), name="one_proof_per_file"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("replaces", None),
                            models.Q(("replaces", models.F("pk")), _negated=True),
                            _connector="OR",
                        ),
                        name="no_proof_corrects_itself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("act", models.CharField(choices=[("look", "look"), ("call", "call")], max_length=4)),
                ("intent", models.CharField(max_length=300)),
                ("seen_before", models.JSONField(null=True)),
                ("request", models.JSONField(null=True)),
                ("begun_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "result",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("seen", "seen"),
                            ("accepted", "accepted"),
                            ("not applied", "not applied"),
                            ("absent", "absent"),
                            ("unknown", "unknown"),
                        ],
                        max_length=12,
                    ),
                ),
                ("says", models.CharField(blank=True, max_length=500)),
                ("facts", models.JSONField(default=dict)),
                (
                    "exchanges",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="evidence.evidence",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="execution.run",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "number"), name="one_attempt_per_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="Secret",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("sealed", models.TextField(blank=True)),
                ("fingerprint", models.CharField(max_length=64)),
                ("kept_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("revealed_at", models.DateTimeField(blank=True, null=True)),
                ("forgotten_at", models.DateTimeField(blank=True, null=True)),
                (
                    "revealed_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="secrets",
                        to="execution.run",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("forgotten_at", None)),
                        fields=("run", "name"),
                        name="one_secret_per_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("forgotten_at", None), ("sealed", ""), _connector="OR"),
                        name="forgotten_means_gone",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("revealed_at", None), ("revealed_to__isnull", False), _connector="OR"
                        ),
                        name="revealed_says_to_whom",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Ruling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[("take", "take"), ("add", "add"), ("lost", "lost")], max_length=8
                    ),
                ),
                ("facts", models.JSONField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rulings",
                        to="execution.run",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
    ]
