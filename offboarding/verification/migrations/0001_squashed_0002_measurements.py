"""All migrations up to 0002 in one, for a database that has none of these tables yet."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [("verification", "0001_initial"), ("verification", "0002_measurements")]

    initial = True

    dependencies = [
        ("execution", "0002_secrets"),
    ]

    operations = [
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "seen",
                    models.CharField(
                        choices=[("absent", "absent"), ("present", "present"), ("unknown", "unknown")],
                        max_length=8,
                    ),
                ),
                ("came_back", models.BooleanField(default=False)),
                ("says", models.CharField(max_length=500)),
                ("data", models.JSONField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "attempt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="finding",
                        to="execution.attempt",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Measurement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("when", models.CharField(choices=[("before", "before"), ("after", "after")], max_length=6)),
                ("fell", models.JSONField(default=list)),
                ("says", models.CharField(max_length=500)),
                ("data", models.JSONField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "attempt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="measurement",
                        to="execution.attempt",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
    ]
