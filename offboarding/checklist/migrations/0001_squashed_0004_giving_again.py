"""All migrations up to 0004 in one, for a database that has none of these tables yet."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("checklist", "0001_initial"),
        ("checklist", "0002_added_items"),
        ("checklist", "0003_restoring"),
        ("checklist", "0004_giving_again"),
    ]

    initial = True

    dependencies = [
        ("connections", "0001_initial"),
        ("discovery", "0001_initial"),
        ("removals", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Plan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("fingerprint", models.CharField(max_length=64)),
                ("body", models.BinaryField()),
                ("playbook", models.CharField(max_length=60)),
                ("playbook_version", models.PositiveSmallIntegerField()),
                ("frozen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "removal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="removals.removalrequest",
                    ),
                ),
                ("snapshots", models.ManyToManyField(related_name="plans", to="discovery.snapshot")),
            ],
            options={
                "ordering": ["version"],
                "constraints": [
                    models.UniqueConstraint(fields=("removal", "version"), name="one_plan_per_version")
                ],
            },
        ),
        migrations.CreateModel(
            name="ChecklistItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("code", models.CharField(max_length=60)),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("plan", "Plan"),
                            ("restore", "Give back"),
                            ("hand-over", "Hand over"),
                            ("remove", "Remove"),
                            ("rotate", "Rotate"),
                            ("verify", "Verify"),
                            ("return", "Give again"),
                            ("record", "Record and tell"),
                            ("clean-up", "Clean up"),
                            ("follow-up", "Follow up"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("automatic", "automatic"),
                            ("manual", "manual"),
                            ("verification", "verification"),
                        ],
                        max_length=14,
                    ),
                ),
                ("step", models.CharField(blank=True, max_length=60)),
                ("title", models.CharField(max_length=400)),
                ("target", models.JSONField()),
                ("where", models.CharField(blank=True, max_length=300)),
                ("how", models.JSONField()),
                ("proof", models.CharField(blank=True, max_length=20)),
                ("waits_for", models.JSONField()),
                ("at", models.CharField(blank=True, max_length=20)),
                ("due_at", models.DateTimeField()),
                ("blocks_closing", models.BooleanField(default=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="connections.workspace",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="checklist.plan"
                    ),
                ),
                ("added_at", models.DateTimeField(blank=True, null=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("added_for", models.CharField(blank=True, max_length=120)),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("plan", "number"), name="one_item_per_number"),
                    models.UniqueConstraint(
                        condition=models.Q(("added_for", ""), _negated=True),
                        fields=("plan", "added_for"),
                        name="added_once_for_a_thing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("added_at", None), ("added_by", None), ("added_for", "")),
                            models.Q(
                                models.Q(("added_for", ""), _negated=True),
                                ("added_at__isnull", False),
                                ("added_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="added_says_by_whom_and_when",
                    ),
                ],
            },
        ),
    ]
