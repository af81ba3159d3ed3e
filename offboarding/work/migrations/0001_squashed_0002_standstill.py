"""All migrations up to 0002 in one, for a database that has none of these tables yet."""

from importlib import import_module

import django.db.models.functions.datetime
from django.db import migrations, models

standstill = import_module("offboarding.work.migrations.0002_standstill")


class Migration(migrations.Migration):
    replaces = [("work", "0001_initial"), ("work", "0002_standstill")]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Beat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("engine", models.CharField(max_length=100, unique=True)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Slot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("slot", models.CharField(max_length=40)),
                ("fired_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("name", "slot"), name="one_firing_per_slot")],
            },
        ),
        migrations.CreateModel(
            name="Standstill",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("why", models.CharField(blank=True, max_length=500)),
                ("by", models.CharField(blank=True, max_length=150)),
                ("since", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("accepted", models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Lost",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("day", models.DateField()),
                ("times", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "day"), name="one_count_per_kind_and_day")
                ],
            },
        ),
        migrations.RunPython(standstill.the_one_row, migrations.RunPython.noop),
    ]
