"""All migrations up to 0004 in one, for a database that has none of these tables yet."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("connections", "0001_initial"),
        ("connections", "0002_circuit"),
        ("connections", "0003_coverage"),
        ("connections", "0004_wanted"),
    ]

    initial = True

    dependencies = [
        ("directory", "0003_rosters"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Workspace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("slug", models.SlugField(max_length=80)),
                (
                    "environment",
                    models.CharField(
                        choices=[
                            ("production", "Production"),
                            ("staging", "Staging"),
                            ("development", "Development"),
                        ],
                        max_length=12,
                    ),
                ),
                ("region", models.CharField(choices=[("us", "US"), ("eu", "EU")], max_length=2)),
                ("base_url", models.URLField()),
                ("segment_id", models.CharField(max_length=40)),
                (
                    "managed_by",
                    models.CharField(
                        choices=[
                            ("unknown", "not known"),
                            ("hand", "by hand"),
                            ("sso", "SSO"),
                            ("scim", "SCIM"),
                        ],
                        default="unknown",
                        max_length=8,
                    ),
                ),
                ("provider_group", models.CharField(blank=True, max_length=120)),
                ("owner_contact", models.CharField(blank=True, max_length=200)),
                ("sealed_token", models.TextField()),
                ("token_last4", models.CharField(max_length=4)),
                ("token_set_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("paused_until", models.DateTimeField(blank=True, null=True)),
                ("refused_at", models.DateTimeField(blank=True, null=True)),
                ("refused_why", models.CharField(blank=True, max_length=300)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="workspaces",
                        to="directory.client",
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("open_until", models.DateTimeField(blank=True, null=True)),
                ("troubles", models.PositiveSmallIntegerField(default=0)),
                ("support_days", models.CharField(blank=True, max_length=7)),
                ("support_from", models.TimeField(blank=True, null=True)),
                ("support_until", models.TimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
            ],
            options={
                "ordering": ["client__name", "name"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("base_url", "segment_id"), name="one_connection_per_workspace"
                    ),
                    models.UniqueConstraint(fields=("client", "name"), name="one_workspace_per_name"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("support_days", ""), ("support_from", None), ("support_until", None)),
                            models.Q(
                                ("support_from__lt", models.F("support_until")),
                                models.Q(("support_days", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="support_hours_are_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Coverage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "engagement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="coverage",
                        to="directory.engagement",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="coverage",
                        to="connections.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("engagement", "workspace"), name="a_workspace_is_covered_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Wanted",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "environment",
                    models.CharField(
                        choices=[
                            ("production", "Production"),
                            ("staging", "Staging"),
                            ("development", "Development"),
                        ],
                        max_length=12,
                    ),
                ),
                ("region", models.CharField(choices=[("us", "US"), ("eu", "EU")], max_length=2)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                        related_name="wanted",
                        to="directory.client",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["client__name", "name"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("client", "name"),
                        name="one_asks_for_a_workspace",
                    )
                ],
            },
        ),
    ]
