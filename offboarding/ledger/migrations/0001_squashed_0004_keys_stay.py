"""All migrations up to 0004 in one, for a database that has none of these tables yet."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

only_grows = import_module("offboarding.ledger.migrations.0002_only_grows")
keys_stay = import_module("offboarding.ledger.migrations.0004_keys_stay")


class Migration(migrations.Migration):
    replaces = [
        ("ledger", "0001_initial"),
        ("ledger", "0002_only_grows"),
        ("ledger", "0003_proofs"),
        ("ledger", "0004_keys_stay"),
    ]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("size", models.PositiveBigIntegerField(unique=True)),
                ("root", models.CharField(max_length=64)),
                ("head", models.CharField(max_length=64)),
                ("body", models.BinaryField()),
                ("signature", models.CharField(max_length=120)),
                ("key_id", models.CharField(max_length=16)),
                ("public_key", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["size"],
            },
        ),
        migrations.CreateModel(
            name="Head",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seq", models.PositiveBigIntegerField(default=0)),
                ("hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("seq", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("event", models.CharField(max_length=60)),
                ("about", models.CharField(blank=True, max_length=60)),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.CharField(max_length=60)),
                ("body", models.BinaryField()),
                ("hash", models.CharField(max_length=64, unique=True)),
            ],
            options={
                "ordering": ["seq"],
                "indexes": [
                    models.Index(fields=["about", "seq"], name="entry_about"),
                    models.Index(fields=["event", "seq"], name="entry_event"),
                    models.Index(fields=["actor_id", "seq"], name="entry_actor"),
                    models.Index(fields=["at", "seq"], name="entry_at"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Personal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("salt", models.BinaryField()),
                ("value", models.TextField()),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="personal",
                        to="ledger.entry",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("entry", "name"), name="one_value_per_name")],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.CharField(max_length=20)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="ledger.checkpoint",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("checkpoint", "place"), name="delivered_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key_id", models.CharField(max_length=16, unique=True)),
                ("public_key", models.TextField()),
                ("since", models.DateTimeField()),
                ("body", models.BinaryField()),
                ("signature", models.CharField(blank=True, max_length=120)),
                ("why", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tier", models.PositiveSmallIntegerField()),
                ("index", models.PositiveBigIntegerField()),
                ("nodes", models.BinaryField()),
                ("root", models.BinaryField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("tier", "index"), name="one_tile_per_place")],
            },
        ),
        migrations.RunPython(only_grows.first_head, migrations.RunPython.noop),
        migrations.RunPython(only_grows.add_triggers, migrations.RunPython.noop),
        migrations.RunPython(keys_stay.add_triggers, migrations.RunPython.noop),
    ]
