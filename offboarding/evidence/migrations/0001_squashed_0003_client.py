"""All migrations up to 0003 in one, for a database that has none of these tables yet."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

only_grows = import_module("offboarding.evidence.migrations.0002_only_grows")
client = import_module("offboarding.evidence.migrations.0003_client")


class Migration(migrations.Migration):
    replaces = [("evidence", "0001_initial"), ("evidence", "0002_only_grows"), ("evidence", "0003_client")]

    initial = True

    dependencies = [
        ("directory", "0004_retention"),
    ]

    operations = [
        migrations.CreateModel(
            name="Evidence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("media_type", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=200)),
                ("shows", models.CharField(max_length=300)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("api", "Read from the API"),
                            ("person", "Added by a person"),
                            ("app", "Made by Offboard"),
                        ],
                        max_length=10,
                    ),
                ),
                ("origin", models.CharField(blank=True, max_length=300)),
                ("taken_by", models.CharField(max_length=200)),
                ("taken_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("keep_until", models.DateField()),
                (
                    "client",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="directory.client",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["sha256"], name="evidence_sha256"),
                    models.Index(fields=["client", "keep_until"], name="evidence_keep_until"),
                ],
            },
        ),
        migrations.RunPython(only_grows.add_triggers, migrations.RunPython.noop),
        migrations.RunPython(client.only_the_last_day, migrations.RunPython.noop),
    ]
