"""All migrations up to 0003 in one, for a database that has none of these tables yet."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import offboarding.work.rules

from_now_on = import_module("offboarding.notifications.migrations.0002_from_now_on")


class Migration(migrations.Migration):
    replaces = [
        ("notifications", "0001_initial"),
        ("notifications", "0002_from_now_on"),
        ("notifications", "0003_message_answer"),
    ]

    initial = True

    dependencies = [
        ("ledger", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Cursor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("follower", models.CharField(max_length=40, unique=True)),
                ("seq", models.PositiveBigIntegerField(default=0)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Message",
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
                ("channel", models.CharField(default="mail", max_length=10)),
                ("kind", models.CharField(max_length=30)),
                ("about", models.CharField(blank=True, max_length=60)),
                ("key", models.CharField(blank=True, max_length=80)),
                (
                    "pace",
                    models.CharField(choices=[("at once", "at once"), ("joined", "joined")], max_length=10),
                ),
                ("subject", models.CharField(max_length=160)),
                ("text", models.TextField()),
                ("brief", models.CharField(blank=True, max_length=300)),
                ("url", models.CharField(max_length=200)),
                ("shared_url", models.CharField(blank=True, max_length=200)),
                ("left_out", models.CharField(blank=True, max_length=300)),
                ("address", models.EmailField(blank=True, max_length=254)),
                ("mail_subject", models.CharField(blank=True, max_length=200)),
                ("mail_text", models.TextField(blank=True)),
                ("handed_over_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("trouble", models.CharField(blank=True, max_length=500)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="ledger.entry",
                    ),
                ),
                (
                    "joined_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="joined",
                        to="notifications.message",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["state", "not_before"], name="message_due"),
                    models.Index(
                        condition=models.Q(("state", "running")), fields=["lease_until"], name="message_lease"
                    ),
                    models.Index(fields=["about", "-id"], name="message_about"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("entry", "recipient", "channel"), name="one_message_per_entry_and_person"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("key", ""), _negated=True),
                        fields=("recipient", "channel", "about", "key"),
                        name="one_message_per_key_and_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("joined_to__isnull", False),
                            models.Q(("handed_over_at__isnull", False), ("sent_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="sent_says_when",
                    ),
                ],
            },
        ),
        migrations.RunPython(from_now_on.begin_at_the_end, migrations.RunPython.noop),
    ]
